import Datasets
import Ranking

extension ReportTable {
  /// Places the cells of an experiment in a table.
  /// - Parameters:
  ///   - results: all cells of the experiment, in any order.
  ///   - paper: the published table that `spec.paper` names, if it could be read.
  ///   - comparisons: the stored tests against the baseline.
  public static func build(
    _ spec: TableSpec, results: [CellResult], paper: PaperTable?, comparisons: TableComparisons? = nil,
    leaks: [LeakReport] = []
  ) -> ReportTable {
    let metric = MetricStyle(spec.metric)
    let match = paper.map { PaperMatch($0, aliases: spec.aliases ?? [:]) }
    let found = spec.rows.map { row in
      spec.columns.map { column in spec.find(results, row, column) }
    }
    var cells = zip(spec.rows, found).map { row, inRow in
      zip(spec.columns, inRow).map { column, result in
        var cell = place(result, metric: metric)
        cell.published = match?.value(row: row, column: column.isEmpty ? nil : column, metric: metric)
        cell.compare(with: comparisons, in: spec, metric)
        return cell
      }
    }
    markBest(&cells, metric: metric)
    let all = found.flatMap { $0 }.compactMap { $0 }
    var table = ReportTable(
      name: spec.name, title: spec.title, metric: metric,
      rows: spec.rows.map { label in
        Heading(label: label, title: all.first { $0.row == label }?.rowTitle ?? label)
      },
      columns: spec.columns.map { label in
        Heading(label: label, title: all.first { $0.column == label }?.columnTitle ?? label)
      },
      cells: cells,
      chance: spec.columns.indices.map { column in
        Spread(of: found.compactMap { $0[column]?.chance[metric.name] })?.mean
      },
      ceiling: spec.columns.indices.map { column in
        Spread(of: found.compactMap { $0[column]?.ceiling[metric.name] })?.mean
      },
      paper: cells.contains { $0.contains { $0.published != nil } } ? paper?.shortName : nil,
      footnotes: [])
    table.addFootnotes(spec, found: found, comparisons: comparisons, leaks: leaks)
    return table
  }

  private static func place(_ result: CellResult?, metric: MetricStyle) -> Cell {
    guard let result else { return Cell(reason: "not run yet") }
    var cell = Cell(id: result.id, status: result.status, reason: result.reason)
    if result.status == .ok {
      cell.value = result.summary[metric.name]
      cell.seeds = result.metrics[metric.name]?.count ?? result.seeds.count
      cell.interval = result.ci95[metric.name]
      cell.isValidation = cell.value != nil && result.isValidation
      if cell.isValidation { cell.markers.append(ValidationMark.dagger) }
      if cell.value == nil { cell.reason = "\(metric.name) was not measured" }
    }
    return cell
  }

  // A difference inside the winner's own spread is no difference: all such cells are marked.
  private static func markBest(_ cells: inout [[Cell]], metric: MetricStyle) {
    let values = cells.flatMap { $0 }.compactMap(\.value)
    let best = values.min { metric.lowerIsBetter ? $0.mean < $1.mean : $0.mean > $1.mean }
    guard let best, values.count > 1 else { return }
    for row in cells.indices {
      for column in cells[row].indices {
        guard let value = cells[row][column].value else { continue }
        let isEqual = metric.format(value.mean) == metric.format(best.mean)
        cells[row][column].isBest = isEqual || abs(value.mean - best.mean) <= best.std
      }
    }
  }

  private mutating func addFootnotes(
    _ spec: TableSpec, found: [[CellResult?]], comparisons: TableComparisons?, leaks: [LeakReport]
  ) {
    let measured = found.flatMap { $0 }.compactMap { $0 }.filter { $0.status == .ok }
    let remarks =
      [metricRemark] + trustRemarks(spec, measured, comparisons: comparisons, leaks: leaks)
      + [publishedRemark].compactMap { $0 } + (spec.footnotes ?? [])
    footnotes = remarks.map { Footnote(marker: nil, text: $0) }
    footnotes += [ValidationMark.footnote(measured)].compactMap { $0 }
    var letters = FootnoteLetters()
    for note in FootnoteLetters.ordered(found.flatMap { $0 }.flatMap { $0?.notes ?? [] }) {
      attach(note, letters: &letters) { row, column in found[row][column]?.notes.contains(note) == true }
    }
    for reason in FootnoteLetters.ordered(cells.flatMap { $0 }.compactMap { $0.value == nil ? $0.absence : nil }) {
      let places = cells.map { $0.map { $0.value == nil && $0.absence == reason } }
      let marker = letters.next()
      footnotes.append(Footnote(marker: marker, text: reason))
      for (row, inRow) in places.enumerated() {
        for (column, isHere) in inRow.enumerated() where isHere { cells[row][column].markers.append(marker) }
      }
    }
  }

  // One mark on the row's name where a note holds for the whole row, none where it holds for the whole table.
  private mutating func attach(_ note: String, letters: inout FootnoteLetters, holds: (Int, Int) -> Bool) {
    let whole = rows.indices.map { row in columns.indices.allSatisfy { holds(row, $0) } }
    if whole.allSatisfy({ $0 }) {
      footnotes.append(Footnote(marker: nil, text: note))
      return
    }
    let marker = letters.next()
    footnotes.append(Footnote(marker: marker, text: note))
    for row in rows.indices {
      if whole[row] {
        rows[row].markers.append(marker)
      } else {
        for column in columns.indices where holds(row, column) { cells[row][column].markers.append(marker) }
      }
    }
  }

  private var metricRemark: String {
    let definition = metric.definition.map { ": \($0)" } ?? ""
    return "\(metric.label)\(definition); \(metric.direction)."
  }

  var spreadRemark: String? {
    let counts = Set(cells.flatMap { $0 }.filter { $0.value != nil }.map(\.seeds)).sorted()
    guard let last = counts.last else { return nil }
    let range = counts.count == 1 ? "\(last)" : "\(counts[0]) to \(last)"
    let bold = "Bold: the best value and those not farther from it than its standard deviation."
    return last > 1 ? "Mean ± standard deviation over \(range) seeds. \(bold)" : "One seed. \(bold)"
  }

  private var publishedRemark: String? {
    guard let paper else { return nil }
    let related = cells.flatMap { $0 }.contains { $0.published?.isSameMethod == false }
    let family = related ? " ≈ marks a published value of a related encoder, not of ours." : ""
    return "Published: \(paper), measured on that work's own data.\(family)"
  }
}

extension ReportTable.Cell {
  /// Why there is no number, in words for a footnote.
  var absence: String {
    let why = reason ?? "no reason was recorded"
    switch status {
    case .ok: return why
    case .failed: return "failed: \(why)"
    case .missing: return id == nil ? why : "not run: \(why)"
    }
  }
}

/// Hands out a, b, …, z, aa, ab, … .
struct FootnoteLetters {
  private var count = 0

  mutating func next() -> String {
    var (number, text) = (count, "")
    count += 1
    repeat {
      text = String(UnicodeScalar(UInt8(97 + number % 26))) + text
      number = number / 26 - 1
    } while number >= 0
    return text
  }

  /// Each text once, in the order of first appearance.
  static func ordered(_ texts: [String]) -> [String] {
    var seen = Set<String>()
    return texts.filter { seen.insert($0).inserted }
  }
}
