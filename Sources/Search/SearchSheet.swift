import Basics
import Foundation

/// Answers as a page of its own: thumbnails inside, no other file, no script.
public struct SearchSheet {
  private let title: String
  private let note: String
  private let answers: [SearchAnswer]
  private let folder: String

  /// - Parameters:
  ///   - note: a line under the title: what the index is.
  ///   - folder: the database's, for thumbnails.
  public init(title: String, note: String, answers: [SearchAnswer], folder: String) {
    (self.title, self.note, self.answers, self.folder) = (title, note, answers, folder)
  }

  public var html: String {
    """
    <!doctype html>
    <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
    <title>\(SearchSheet.escape(title))</title><style>\(SearchSheet.style)</style></head>
    <body><h1>\(SearchSheet.escape(title))</h1><p class="note">\(SearchSheet.escape(note))</p>
    \(answers.map(section).joined(separator: "\n"))
    </body></html>

    """
  }

  private func section(_ answer: SearchAnswer) -> String {
    let time = String(format: "%.1f + %.1f ms", answer.encodeMilliseconds, answer.searchMilliseconds)
    let figures = answer.hits.map { hit -> String in
      let picture = thumbnail(hit).map { "<img alt=\"\" src=\"data:image/jpeg;base64,\($0)\">" } ?? "<div class=none>\(hit.item.isSound ? SearchSheet.heard(hit.item.seconds) : "")</div>"
      return """
        <figure>\(picture)<figcaption><b>\(hit.rank)</b> <span class=score>\(String(format: "%.3f", hit.score))</span> \
        \(SearchSheet.escape(hit.item.caption))<br><span class=id>\(SearchSheet.escape(hit.item.id))</span></figcaption></figure>
        """
    }
    return """
      <section><h2>\(SearchSheet.escape(answer.query))</h2><p class="note">\(answer.items) items, encoded and searched in \(time)</p>
      <div class="grid">\(figures.joined())</div></section>
      """
  }

  /// What stands for a sound, which cannot be shown.
  private static func heard(_ seconds: Double?) -> String {
    "<span>♪</span>" + (seconds.map { String(format: "%.1f s", $0) } ?? "")
  }

  private func thumbnail(_ hit: SearchHit) -> String? {
    guard let name = hit.item.thumbnail, !name.contains("/"),
      let data = FileManager.default.contents(atPath: "\(folder)/thumbnails/\(name)")
    else { return nil }
    return data.base64EncodedString()
  }

  public func write(to path: String) throws { try AtomicFile.write(html, to: path) }

  static func escape(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
      .replacing("\"", with: "&quot;").replacing("'", with: "&#39;")
  }

  private static let style = """
    body{font:15px/1.45 system-ui,"NanumGothic",sans-serif;color:#222;max-width:1100px;margin:2rem auto;padding:0 1rem}
    h1{font-size:1.5rem}h2{font-size:1.15rem;margin:2rem 0 .2rem}.note{color:#666;margin:.2rem 0 1rem}
    .grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(150px,1fr));gap:12px}
    figure{margin:0}img,.none{width:100%;aspect-ratio:1;object-fit:cover;border:1px solid #ddd;border-radius:6px;background:#f4f4f4}
    .none{display:grid;place-content:center;text-align:center;color:#666;font-size:.85rem;box-sizing:border-box}
    .none span{font-size:3rem;line-height:1}
    figcaption{font-size:.82rem;margin-top:.3rem;overflow-wrap:anywhere}.score{color:#4477aa}.id{color:#888;font-size:.92em}
    """
}
