import Basics
import Foundation
import Harness
import Testing

/// Numbers of the validation split are told from those of the test split wherever a table shows them.
@Suite struct ValidationMarkTests {
  private func cell(_ row: String, split: String?, epochs: [Int], config: [String: String] = [:]) -> CellResult {
    var cell = CellResult(id: row, experiment: "e", row: row, column: "")
    (cell.seeds, cell.metrics, cell.selectedEpochs) = ([1], ["R@1": [50], "MedR": [2]], epochs)
    cell.config = config.merging(split.map { ["evaluation.split": $0] } ?? ["dataset.name": "d"]) { $1 }
    cell.summarise()
    return cell
  }

  private func written(_ cells: [CellResult]) throws -> (files: [String: String], text: [String]) {
    let folder = NSTemporaryDirectory() + "ieum-validation-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    for cell in cells { try cell.write(toFolder: "\(folder)/cells/\(cell.id)") }
    let spec = ReportSpec(
      title: "t",
      tables: [TableSpec(name: "grid", title: "t", metric: "R@1", rows: cells.map(\.row), columns: [""])],
      comparisons: [ComparisonSpec(name: "list", title: "t", rows: cells.map(\.row), metrics: ["R@1", "MedR"])])
    let output = try Report.write(
      experiment: "e", resultsFolder: folder, spec: spec, paperTables: "",
      gnuplot: Gnuplot(font: "sans", hasHangulFont: true, program: nil))
    var files = ["page": try String(contentsOfFile: output.pagePath, encoding: .utf8)]
    for name in ["grid", "list"] {
      for kind in ["md", "csv", "tex"] {
        files["\(name).\(kind)"] = try String(contentsOfFile: "\(folder)/tables/\(name).\(kind)", encoding: .utf8)
      }
    }
    return (files, output.tables)
  }

  @Test func theyCarryADaggerInEveryFormat() throws {
    let (files, text) = try written([
      cell("validated", split: "validation", epochs: [3]), cell("tested", split: "test", epochs: [3]),
      cell("plain", split: nil, epochs: [3]),
    ])
    func line(_ file: String, _ start: String) -> String {
      files[file]?.split(separator: "\n").map(String.init).first { $0.hasPrefix(start) } ?? ""
    }
    #expect(line("grid.md", "| validated |").contains("**50.0**<sup>†</sup>"))
    #expect(line("list.md", "| validated<sup>†</sup> |").contains("50.0"))
    #expect(line("grid.tex", "  validated &").contains("\\textsuperscript{$\\dagger$}"))
    #expect(line("list.tex", "  validated\\textsuperscript{$\\dagger$} &").contains("50.0"))
    for file in ["grid.md", "grid.tex", "list.md", "list.tex"] {
      for row in ["tested", "plain"] {
        let own = line(file, file.hasSuffix("md") ? "| \(row) |" : "  \(row) &")
        #expect(!own.isEmpty && !own.contains("†") && !own.contains("dagger"))
      }
      #expect(
        files[file]?.contains(
          "Measured on the validation split, where the kept epoch or the settings were chosen too: not a number of the "
            + "test split.") == true)
    }
    #expect(text.count == 2 && text.allSatisfy { $0.contains("[†]") })
    #expect(files["page"]?.contains("50.0</a><sup>†</sup>") == true)
    #expect(line("grid.csv", "row,").hasSuffix(",significant,split") && line("list.csv", "row,").hasSuffix(",split"))
    for file in ["grid.csv", "list.csv"] {
      #expect(line(file, "validated").hasSuffix(",validation") && line(file, "tested").hasSuffix(",test"))
    }
  }

  @Test func whatWasChosenThereIsSaid() throws {
    let elsewhere = ["dataset.name": "d", "validation.name": "other"]
    let (files, _) = try written([
      cell("untrained", split: "validation", epochs: [0]),
      cell("other", split: "validation", epochs: [4], config: elsewhere),
    ])
    #expect(files["grid.md"]?.contains("Measured on the validation split: not a number of the test split.") == true)
    let (mixed, _) = try written([
      cell("untrained", split: "validation", epochs: [0]), cell("trained", split: "validation", epochs: [4]),
    ])
    #expect(mixed["grid.md"]?.contains("where for 1 of 2 the kept epoch") == true)
    let (plain, _) = try written([cell("a", split: nil, epochs: [3]), cell("b", split: "test", epochs: [3])])
    #expect(plain.values.allSatisfy { !$0.contains("†") })
    #expect(plain["grid.csv"]?.split(separator: "\n").first?.hasSuffix(",significant") == true)
  }
}
