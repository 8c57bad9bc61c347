import Foundation

/// The provenance of one cell: all that is needed to judge and to recompute its numbers.
enum PageProvenance {
  static func render(_ cell: CellResult) -> String {
    """
    <details><summary>\(HTML.text(name(cell))) <span class="soft">\(summary(cell))</span></summary>
    <div class="provenance" id="\(HTML.anchor(cell.id))">\(body(cell))</div></details>
    """
  }

  private static func name(_ cell: CellResult) -> String {
    [cell.rowTitle, cell.columnTitle].filter { !$0.isEmpty }.joined(separator: " × ")
  }

  private static func summary(_ cell: CellResult) -> String {
    switch cell.status {
    case .ok: "<span class=\"mono\">\(HTML.escape(cell.id))</span>"
    case .failed: "<span class=\"failed\">failed: \(HTML.text(cell.reason ?? ""))</span>"
    case .missing: "not run: \(HTML.text(cell.reason ?? ""))"
    }
  }

  private static func body(_ cell: CellResult) -> String {
    let parts: [(String, String)] = [
      ("Recompute", cell.command.isEmpty ? "" : "<code>\(HTML.escape(cell.command))</code>"),
      ("Values", values(cell)),
      ("Protocol", HTML.facts(protocolFacts(cell))),
      ("Search", search(cell)),
      ("Notes", cell.notes.map { "<p>\(HTML.text($0))</p>" }.joined()),
      ("Configuration", HTML.facts(cell.config.sorted { $0.key < $1.key }.map { ($0, HTML.text($1)) })),
      ("Digests (SHA-256)", HTML.facts(cell.digests.named.map { ($0.name, mono($0.value)) })),
      ("Host", HTML.facts(hostFacts(cell))),
    ]
    return parts.filter { !$0.1.isEmpty }.map { "<h4>\($0)</h4>\($1)" }.joined(separator: "\n")
  }

  private static func values(_ cell: CellResult) -> String {
    guard !cell.metrics.isEmpty else { return "" }
    return HTML.facts(
      cell.metrics.keys.sorted().map { key in
        let style = MetricStyle(key)
        let seeds = (cell.metrics[key] ?? []).map(style.format).joined(separator: ", ")
        let spread = cell.summary[key].map { "\(style.format($0.mean)) ± \(style.format($0.std))" } ?? ""
        let interval = cell.ci95[key].flatMap { $0.count == 2 ? $0 : nil }
        let ci = interval.map {
          "; 95 % interval of the mean \($0.map(style.format).joined(separator: " to "))"
        }
        let chance = cell.chance[key].map { "; chance \(style.format($0))" } ?? ""
        let ceiling = cell.ceiling[key].map { "; ceiling \(style.format($0))" } ?? ""
        return (style.label, HTML.escape("\(spread) (per seed: \(seeds))\(ci ?? "")\(chance)\(ceiling)"))
      })
  }

  /// `audioShare 0.20, 0.10; waitingShare 0.01, 0.02`.
  private static func chosen(_ cell: CellResult) -> String {
    cell.chosen.sorted { $0.key < $1.key }.map { key, values in
      HTML.escape(key + " " + values.map { String(format: "%.3f", $0) }.joined(separator: ", "))
    }.joined(separator: "; ")
  }

  private static func protocolFacts(_ cell: CellResult) -> [(String, String)] {
    [
      ("seeds", cell.seeds.map(String.init).joined(separator: ", ")),
      ("measured on", cell.isValidation ? "the validation split" : ""),
      ("queries, gallery", cell.queries > 0 ? "\(cell.queries), \(cell.gallery)" : ""),
      (
        "directions",
        HTML.text(
          cell.directions.map { "\($0.direction) \($0.queries.listed) × \($0.candidates)" }.joined(separator: ", "))
      ),
      ("pairs trained on", HTML.text(cell.sources.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value.text)" }.joined(separator: ", "))),
      ("ties", cell.queries > 0 ? "\(HTML.escape(cell.ties.policy)); \(cell.ties.queries) queries with ties" : ""),
      (
        "queries without a relevant item",
        cell.queries > 0 ? "\(cell.queriesWithoutRelevant) (in the gallery, not counted as queries)" : ""
      ),
      (
        "blocks of queries",
        cell.queryBlocks > 0 && cell.queryBlocks < cell.queries ? "\(cell.queryBlocks) (resampled together)" : ""
      ),
      ("settings read on the test split", cell.testReads > 0 ? "\(cell.testReads)" : ""),
      ("kept epochs", cell.selectedEpochs.map(String.init).joined(separator: ", ")),
      ("skipped items", String(cell.skippedItems)),
      ("items encoded in part", cell.partialItems > 0 ? String(cell.partialItems) : ""),
      ("chosen or measured, per seed", chosen(cell)),
    ]
  }

  /// Every trial with its settings and what it reached on the validation split.
  private static func search(_ cell: CellResult) -> String {
    guard let search = cell.search else { return "" }
    let style = MetricStyle(search.metric)
    let head = "<p>\(HTML.escape(search.method)) search, \(search.trials) trials of \(search.epochs) epochs, seed "
      + "\(search.seed), chosen by \(HTML.escape(style.label)) on the validation split</p>"
    let rows = search.tried.enumerated().map { index, trial in
      let settings = trial.settings.sorted { $0.key < $1.key }.map { "\($0.key) = \($0.value)" }.joined(separator: ", ")
      let value = trial.value.map(style.format) ?? trial.reason ?? ""
      let kept = trial.keptEpoch.map { ", epoch \($0) kept" } ?? ""
      return ("trial \(index + 1)\(search.chosen == index ? " (chosen)" : "")", HTML.text("\(value) with \(settings)\(kept)"))
    }
    return head + HTML.facts(rows)
  }

  private static func hostFacts(_ cell: CellResult) -> [(String, String)] {
    let host = cell.host
    let seconds = cell.wallSeconds.sorted { $0.key < $1.key }.map { "\($0) \(String(format: "%.1f", $1)) s" }
    let versions = host.versions.sorted { $0.key < $1.key }.map { "\($0) \($1)" }
    let memory = String(format: "%.0f MiB", Double(cell.peakMemoryBytes) / 1_048_576)
    return [
      ("processor", HTML.escape(host.cpu)),
      ("cores, threads", host.cores > 0 ? "\(host.cores), \(host.threads)" : ""),
      ("BLAS kernel", HTML.escape(host.blasCore)),
      ("versions", HTML.escape(versions.joined(separator: ", "))),
      ("wall time", HTML.escape(seconds.joined(separator: ", "))),
      ("peak memory", cell.peakMemoryBytes > 0 ? memory : ""),
      (
        "git revision",
        cell.git.revision.isEmpty ? "" : mono(cell.git.revision) + (cell.git.dirty ? " (with local changes)" : "")
      ),
    ]
  }

  private static func mono(_ text: String) -> String { "<span class=\"mono\">\(HTML.escape(text))</span>" }
}
