import Basics
import Foundation

/// The items that a run could not decode, `DATASET/ID`, and why; told as soon as they are met, kept beside the training.
final class SkippedItems {
  private(set) var reasons: [String: String]
  private let progress = Progress()

  init(_ reasons: [String: String] = [:]) { self.reasons = reasons }

  /// Those that a finished training met; none where there is no record.
  convenience init(of folder: String) {
    let data = FileManager.default.contents(atPath: SkippedItems.path(folder))
    self.init(data.flatMap { try? JSONDecoder().decode([String: String].self, from: $0) } ?? [:])
  }

  func add(_ more: [String: String]) {
    for (item, reason) in more.sorted(by: { $0.key < $1.key }) where reasons[item] == nil {
      reasons[item] = reason
      progress.note("ieum: item '\(item)' is left out: \(reason)")
    }
  }

  func write(to folder: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try AtomicFile.write(try encoder.encode(reasons), to: Self.path(folder))
  }

  private static func path(_ folder: String) -> String { folder + "/skipped.json" }

  /// Why an item cannot be decoded, without the place of its file, which differs between machines.
  static func reason(_ error: any Error) -> String { (error as? IeumError)?.problem ?? "\(error)" }
}

extension ItemKey {
  /// `DATASET/ID`.
  func name(among datasets: [String]) -> String { "\(datasets[dataset])/\(id)" }
}
