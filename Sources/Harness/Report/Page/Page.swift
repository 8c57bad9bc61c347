import Datasets
import Foundation

/// The self-contained HTML page of an experiment: one file, no request to anywhere.
struct Page {
  struct Picture {
    let figure: Figure
    /// The PNG's bytes.
    let png: Data
  }

  let experiment: String
  let spec: ReportSpec
  let results: [CellResult]
  let tables: [ReportTable]
  let pictures: [Picture]
  let sources: [PaperSource]
  let warnings: [String]
  /// What the splits share, where the run looked for it.
  var leaks: [LeakReport] = []
  /// Tables with a metric in each column.
  var comparisons: [MetricTable] = []
  /// The body of the section of examples.
  var examples = ""

  func render() -> String {
    """
    <!DOCTYPE html>
    <html lang="\(HTML.isKorean(spec.title) ? "ko" : "en")">
    <head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
    <title>\(HTML.escape(spec.title))</title>
    <style>\(PageStyle.css)\(PageExamples.css)</style></head>
    <body><main>
    \(head)
    \(sections.map { "<section id=\"\($0.id)\"><h2>\($0.title)</h2>\n\($0.body)</section>" }.joined(separator: "\n"))
    </main><script>\(PageStyle.script)</script></body></html>

    """
  }

  private struct Section {
    let id: String
    let title: String
    let body: String
  }

  private var sections: [Section] {
    let all = [
      Section(id: "tables", title: "Tables", body: (comparisons.map(MetricTableText.html) + tables.map(PageTable.render)).joined(separator: "\n")),
      Section(id: "figures", title: "Figures", body: pictures.map(picture).joined(separator: "\n")),
      Section(id: "examples", title: "Examples", body: examples),
      Section(id: "data", title: "Data and weights", body: dataStatement),
      Section(id: "leaks", title: "Leak checks", body: leakList),
      Section(id: "published", title: "Published numbers", body: published),
      Section(id: "provenance", title: "Provenance", body: provenance),
      Section(id: "warnings", title: "Warnings", body: warningList),
    ]
    return all.filter { !$0.body.isEmpty }
  }

  private var head: String {
    let links = sections.map { "<a href=\"#\($0.id)\">\($0.title)</a>" }.joined()
    let lead = spec.summary.map { "<p class=\"lead\">\(HTML.text($0))</p>" } ?? ""
    let boxes = strip.filter { !$0.1.isEmpty }.map { "<div><span>\($0)</span>\($1)</div>" }.joined()
    return "<h1>\(HTML.text(spec.title))</h1>\(lead)<nav>\(links)</nav><div class=\"strip\">\(boxes)</div>"
  }

  private var strip: [(String, String)] {
    let done = results.filter { $0.status == .ok }
    var trained: Set<String> = []
    let seconds = done.reduce(0) { sum, cell in
      // A training that several cells share took its time once.
      let isShared = cell.training.map { !trained.insert($0).inserted } ?? false
      return sum + cell.wallSeconds.filter { !isShared || $0.key != "training" }.values.reduce(0, +)
    }
    let sizes = Set(done.filter { $0.queries > 0 }.map { "\($0.queries) / \($0.gallery)" })
    let queries = sizes.sorted().joined(separator: ", ")
    return [
      ("experiment", HTML.escape(experiment)),
      ("cells", "\(done.count) of \(results.count)"),
      ("seeds", "\(done.map(\.seeds.count).max() ?? 0)"),
      ("queries / gallery", HTML.escape(queries)),
      ("caption language", HTML.escape(spec.language ?? "")),
      ("computing time", seconds > 0 ? String(format: "%.1f min", seconds / 60) : ""),
      ("processor", HTML.escape(done.first?.host.cpu ?? "")),
    ]
  }

  private func picture(_ picture: Picture) -> String {
    let figure = picture.figure
    let data = picture.png.base64EncodedString()
    return """
      <figure id="figure-\(HTML.escape(figure.name))"><img alt="\(HTML.escape(figure.title))" \
      width="\(figure.width)" height="\(figure.height)" src="data:image/png;base64,\(data)">
      <figcaption>\(HTML.text(figure.caption))</figcaption></figure>
      """
  }

  // One line per remark of the cells, with the digests that are common to all.
  private var dataStatement: String {
    let notes = FootnoteLetters.ordered(results.flatMap(\.notes)).map { "<li>\(HTML.text($0))</li>" }
    let list = notes.isEmpty ? "" : "<ul>\(notes.joined())</ul>"
    func one(_ name: String, _ value: (CellResult) -> String?) -> (String, String) {
      let all = Set(results.compactMap(value)).sorted()
      return (name, all.map { "<span class=\"mono\">\(HTML.escape($0))</span>" }.joined(separator: "<br>"))
    }
    let skipped = results.map(\.skippedItems).max() ?? 0
    let facts = HTML.facts([
      one("data set") { $0.digests.dataset }, one("split") { $0.digests.split },
      one("text weights") { $0.digests.textWeights }, one("image weights") { $0.digests.imageWeights },
      ("skipped items", skipped > 0 ? "\(skipped)" : ""),
    ])
    return list + facts
  }

  private var leakList: String {
    leaks.map { report in
      let items = report.leaks.prefix(200).map { leak in
        let pair = zip(leak.items, leak.splits).map { "\($0) (\($1.rawValue))" }.joined(separator: " and ")
        return "<li>\(HTML.escape(leak.kind.rawValue)): \(HTML.text(pair))\(leak.detail.isEmpty ? "" : ": " + HTML.text(leak.detail))</li>"
      }
      let list = items.isEmpty ? "" : "<details><summary>What they share</summary><ul class=\"notes\">\(items.joined())</ul></details>"
      return "<p>\(HTML.text(report.dataset)): shared between splits: \(HTML.text(report.summary))</p>\(list)"
    }.joined(separator: "\n")
  }

  private var published: String {
    sources.map { source in
      let tables = source.tables.sorted { $0.key < $1.key }.map { "\($1.source): \($1.contents)" }
      return "<p>\(HTML.text(source.citation))</p><p class=\"lead\">\(HTML.text(source.notes ?? ""))</p>"
        + "<ul class=\"notes\">\(tables.map { "<li>\(HTML.text($0))</li>" }.joined())</ul>"
    }.joined(separator: "\n")
  }

  private var provenance: String {
    guard !results.isEmpty else { return "" }
    return "<p class=\"lead\">Each number in the tables leads to its block here.</p>"
      + results.map(PageProvenance.render).joined(separator: "\n")
  }

  private var warningList: String {
    warnings.isEmpty ? "" : "<div class=\"warnings\">\(warnings.map { "<p>\(HTML.text($0))</p>" }.joined())</div>"
  }
}
