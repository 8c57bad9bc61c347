/// The page's own style sheet and its one script; nothing is fetched from elsewhere.
enum PageStyle {
  static let css = """
    :root { color-scheme: light dark; --ink: #1d2330; --soft: #5d6675; --line: #d9dde4; --paper: #ffffff;
      --band: #f5f7fa; --accent: #2f5f93; --best: #e8f0f9; --warn: #9a4b12; }
    @media (prefers-color-scheme: dark) { :root { --ink: #e4e7ec; --soft: #9aa4b2; --line: #343b47;
      --paper: #14171d; --band: #1c2129; --accent: #8ab4e0; --best: #20324a; --warn: #e5a36a; } }
    * { box-sizing: border-box; }
    body { margin: 0; background: var(--paper); color: var(--ink); line-height: 1.55;
      font: 16px/1.55 system-ui, "Segoe UI", "Noto Sans", "Noto Sans KR", NanumGothic, sans-serif; }
    :lang(ko) { font-family: "Noto Sans KR", "Apple SD Gothic Neo", "Malgun Gothic", NanumGothic, sans-serif; }
    main { max-width: 62rem; margin: 0 auto; padding: 2.5rem 1.5rem 4rem; }
    h1 { font-size: 1.75rem; line-height: 1.25; margin: 0 0 .4rem; letter-spacing: -.01em; }
    h2 { font-size: 1.25rem; margin: 3rem 0 .8rem; padding-bottom: .3rem; border-bottom: 1px solid var(--line); }
    h3 { font-size: 1.02rem; margin: 2rem 0 .5rem; }
    p { margin: .4rem 0; } .lead { color: var(--soft); } a { color: var(--accent); }
    nav { margin: 1rem 0 0; font-size: .9rem; } nav a { margin-right: 1.1rem; }
    .strip { display: flex; flex-wrap: wrap; gap: .4rem 2rem; margin: 1.4rem 0 0; padding: .8rem 1rem;
      background: var(--band); border-radius: 8px; font-size: .9rem; }
    .strip div span { display: block; color: var(--soft); font-size: .78rem; }
    .scroll { overflow-x: auto; }
    table.values { border-collapse: collapse; font-variant-numeric: tabular-nums; min-width: 60%;
      border-top: 2px solid var(--ink); border-bottom: 2px solid var(--ink); }
    table.values th, table.values td { padding: .42rem .95rem; text-align: right; white-space: nowrap; }
    table.values thead th { border-bottom: 1px solid var(--ink); font-weight: 600; }
    table.values th:first-child { text-align: left; font-weight: 500; }
    table.values td a { color: inherit; text-decoration: none; border-bottom: 1px dotted var(--soft); }
    table.values td a:hover { color: var(--accent); border-bottom-color: var(--accent); }
    table.values td.best { background: var(--best); font-weight: 700; }
    table.values td.absent { color: var(--soft); }
    table.values tr.chance { border-top: 1px solid var(--line); color: var(--soft); }
    .published { display: block; color: var(--soft); font-size: .78rem; font-weight: 400; }
    .notes { margin: .6rem 0 0; padding: 0; list-style: none; color: var(--soft); font-size: .85rem; }
    sup { line-height: 0; color: var(--warn); margin-left: .12rem; }
    figure { margin: 1.5rem 0 2.2rem; } figure img { display: block; width: 100%; height: auto; background: #fff;
      border: 1px solid var(--line); border-radius: 8px; padding: .6rem; }
    figcaption { color: var(--soft); font-size: .88rem; margin-top: .5rem; }
    details { border: 1px solid var(--line); border-radius: 8px; margin: .5rem 0; }
    details[open] { background: var(--band); }
    summary { cursor: pointer; padding: .5rem .9rem; } summary .soft { color: var(--soft); font-size: .88rem; }
    .provenance { padding: 0 .9rem .9rem; scroll-margin-top: 4rem; }
    .provenance h4 { margin: 1rem 0 .2rem; font-size: .85rem; color: var(--soft); font-weight: 600; }
    table.facts { border-collapse: collapse; font-size: .85rem; width: 100%; }
    table.facts th { text-align: left; font-weight: 500; color: var(--soft); width: 13rem; vertical-align: top; }
    table.facts th, table.facts td { padding: .16rem .6rem .16rem 0; border-bottom: 1px solid var(--line);
      overflow-wrap: anywhere; }
    code, .mono { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: .84em; overflow-wrap: anywhere; }
    .failed { color: var(--warn); } .warnings { border-left: 3px solid var(--warn); padding: .1rem 0 .1rem 1rem; }
    @media print { details { break-inside: avoid; } body { font-size: 11pt; } }
    """

  // A link to a closed block opens it.
  static let script = """
    function reveal() { var e = document.getElementById(decodeURIComponent(location.hash.slice(1)));
      var d = e && e.closest("details"); if (d) { d.open = true; e.scrollIntoView(); } }
    addEventListener("hashchange", reveal); addEventListener("DOMContentLoaded", reveal);
    """
}
