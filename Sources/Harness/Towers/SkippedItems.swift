import Basics
import Datasets
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

  /// Told one by one; the others are in the result.
  private static let most = 20

  func add(_ more: [String: String]) {
    let fresh = more.filter { reasons[$0.key] == nil }
    let told = max(0, Self.most - reasons.count)
    for (item, reason) in fresh.sorted(by: { $0.key < $1.key }).prefix(told) {
      progress.note("ieum: item '\(item)' is left out: \(reason)")
    }
    if fresh.count > told { progress.note("ieum: \(fresh.count - told) more item(s) are left out, named in result.json") }
    reasons.merge(fresh) { first, _ in first }
  }

  func write(to folder: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try AtomicFile.write(try encoder.encode(reasons), to: Self.path(folder))
  }

  private static func path(_ folder: String) -> String { folder + "/skipped.json" }

  /// Whether an item has nothing of the kind, rather than something that is broken.
  static func isNothing(_ reason: String) -> Bool {
    ["it has no sound", MediaPart.noSound, MediaPart.noPictures].contains(reason)
  }

  /// As ``reason(_:)``, of a message in a feature file: `FILE: problem; remedy`.
  static func reason(stored message: String, of item: DatasetItem?) -> String {
    var text = message[...]
    for place in (item?.files ?? []) + [item?.id].compactMap({ $0 }) where text.hasPrefix(place) {
      if let end = text.range(of: ": ", range: text.index(text.startIndex, offsetBy: place.count)..<text.endIndex) {
        text = text[end.upperBound...]
      }
      break
    }
    if let end = text.range(of: "; ", options: .backwards) { text = text[..<end.lowerBound] }
    return String(text)
  }

  /// Why an item cannot be decoded, without the place of its file, which differs between machines.
  static func reason(_ error: any Error) -> String { (error as? IeumError)?.problem ?? "\(error)" }
}

extension ItemKey {
  /// `DATASET/ID`.
  func name(among datasets: [String]) -> String { "\(datasets[dataset])/\(id)" }
}
