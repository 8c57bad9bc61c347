import Basics
import Foundation
import Harness

/// Synthetic results of an encoder grid and a method comparison, written to a temporary folder.
struct ReportFixture {
  let folder: String
  static let paperTables = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path + "/paper-tables"

  static let rows = [("resnet50", "ResNet-50"), ("efficientnet-lite0", "EfficientNet-Lite0")]
  static let columns = [("word2vec", "GloVe 50-d"), ("bert", "MiniLM")]
  static let methods = [
    "untrained", "knn", "contrastive", "triplet-hard", "triplet-semihard", "vse++", "swish-triplet",
  ]

  init() throws {
    folder = NSTemporaryDirectory() + "ieum-report-\(UUID().uuidString)"
    for cell in Self.grid() + Self.comparison() { try cell.write(toFolder: "\(folder)/cells/\(cell.id)") }
    try writeLog(of: "efficientnet-lite0-bert-04")
    try AtomicFile.write("split,items\ntrain,592\nvalidation,95\ntest,263\n", to: "\(folder)/figures-data/split.csv")
    try writeEmbeddings()
  }

  func remove() { try? FileManager.default.removeItem(atPath: folder) }
  func text(_ file: String) throws -> String { try String(contentsOfFile: "\(folder)/\(file)", encoding: .utf8) }

  static var spec: ReportSpec {
    ReportSpec(
      title: "Encoder comparison on stamps & <captions>", language: "en",
      summary: "Six image encoders; 한국어 설명도 있다.",
      tables: [
        TableSpec(
          name: "table10", title: "Image encoders by text encoders", metric: "cappedR@10",
          rows: rows.map(\.0), columns: columns.map(\.0), paper: "hong2022/table10",
          footnotes: ["Captions in English."])
      ],
      figures: ["fig18", "fig19", "fig24", "fig25", "fig32"].map { FigureSpec($0) }
        + [FigureSpec("fig31", rows: methods)])
  }

  /// Three measured cells and one that failed.
  static func grid() -> [CellResult] {
    let means: [Double?] = [12.34, nil, 31.0, 40.5]
    var cells: [CellResult] = []
    for (index, mean) in means.enumerated() {
      let (row, column) = (rows[index / 2], columns[index % 2])
      var cell = CellResult(
        id: "\(row.0)-\(column.0)-0\(index + 1)", experiment: "synthetic", row: row.0, column: column.0,
        rowTitle: row.1, columnTitle: column.1)
      if row.0 == "resnet50" { cell.notes = ["ResNet-50 runs with seeded random weights"] }
      if let mean {
        cell.seeds = [1, 2, 3]
        cell.metrics = ["cappedR@10": [mean - 0.5, mean, mean + 0.5], "MedR": [10, 11, 12]]
        cell.ci95 = ["cappedR@10": [mean - 3, mean + 3]]
        cell.chance = ["cappedR@10": 3.8]
        (cell.queries, cell.gallery) = (263, 262)
      } else {
        cell.status = .failed
        cell.reason = "the loss was not finite in epoch 3 <nan>"
      }
      describe(&cell)
      cells.append(cell)
    }
    return cells
  }

  static func comparison() -> [CellResult] {
    let means = [4.1, 18.0, 27.7, 36.2, 33.9, 61.4, 66.8]
    return zip(methods, means).map { method, mean in
      var cell = CellResult(
        id: "method-\(method)", experiment: "synthetic", row: method, column: "", method: method)
      cell.seeds = [1, 2, 3]
      cell.metrics = ["cappedR@20": [mean - 1.5, mean, mean + 1.5]]
      cell.training = "shared by the methods"
      describe(&cell)
      return cell
    }
  }

  private static func describe(_ cell: inout CellResult) {
    cell.config = ["model.loss": "swish-triplet", "train.learningRate": "0.0003", "text": "a photo of \"x\" <b>"]
    cell.digests = .init(dataset: String(repeating: "ab12", count: 16), code: String(repeating: "0f", count: 32))
    cell.host = .init(
      cpu: "Example CPU", cores: 2, threads: 2, blasCore: "SkylakeX", versions: ["libtorch": "1.13.1"])
    cell.git = .init(revision: "0123456789abcdef", dirty: true)
    cell.command = "ieum run experiments/synthetic.yaml --only \(cell.id)"
    cell.wallSeconds = ["features": 3.2, "training": 14.8]
    cell.peakMemoryBytes = 734_003_200
  }

  private func writeLog(of cell: String) throws {
    var lines = ["seed,epoch,train_loss,validation_loss,seconds"]
    for seed in 1...2 {
      for epoch in 1...40 {
        let training = 0.6 * exp(-Double(epoch) / (9 + Double(seed))) - 0.2
        let validation = training + 0.04 + 0.00035 * pow(Double(epoch - 8), 2) * 0.6
        lines.append("\(seed),\(epoch),\(training),\(validation),0.4")
      }
    }
    try AtomicFile.write(lines.joined(separator: "\n") + "\n", to: "\(folder)/cells/\(cell)/train.csv")
  }

  private func writeEmbeddings() throws {
    let labels = ["동물", "식물", "animals", "town", "symbols", "vehicles", "food", "people", "sports", "space", "옷", "취미"]
    var generator = SeededGenerator(seed: 5)
    var lines = ["x,y,label"]
    for (index, label) in labels.enumerated() {
      let angle = Double(index) / Double(labels.count) * 2 * .pi
      for _ in 0..<22 {
        let x = 0.5 * cos(angle) + 0.3 * (generator.uniform() + generator.uniform() - 1)
        let y = 0.5 * sin(angle) + 0.3 * (generator.uniform() + generator.uniform() - 1)
        lines.append("\(x),\(y),\(label)")
      }
    }
    try AtomicFile.write(lines.joined(separator: "\n") + "\n", to: "\(folder)/figures-data/embeddings.csv")
  }
}
