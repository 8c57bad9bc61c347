import Basics
import Foundation

/// The count of how often a method's numbers on the test split were read: once per setting that was evaluated there.
/// One small file per setting, so that interrupted and repeated runs count once.
struct TestReads {
  let cache: Cache

  /// Notes that the test split was read for this cell under these settings.
  /// - Parameter digest: of everything the numbers depend on, seed aside.
  /// - Returns: how many settings were read there so far.
  func note(_ cell: Experiment.Cell, experiment: String, dataset: String, digest: String) throws -> Int {
    let folder = folder(cell.table, cell.row, cell.column, experiment: experiment, dataset: dataset)
    let path = "\(folder)/\(digest.prefix(24))"
    if !FileManager.default.fileExists(atPath: path) { try AtomicFile.write(cell.id + "\n", to: path) }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.count { !$0.hasPrefix(".") }
  }

  /// The counts that ``note(_:experiment:dataset:digest:)`` can have returned for these settings: as many as were noted up
  /// to their own note, or up to now.
  /// - Returns: nil where the cache never noted them.
  func counts(
    table: String, row: String, column: String, experiment: String, dataset: String, digest: String
  ) -> ClosedRange<Int>? {
    let folder = folder(table, row, column, experiment: experiment, dataset: dataset)
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter { !$0.hasPrefix(".") }
    func noted(_ name: String) -> Date {
      let attributes = try? FileManager.default.attributesOfItem(atPath: "\(folder)/\(name)")
      return attributes?[.modificationDate] as? Date ?? .distantPast
    }
    let own = String(digest.prefix(24))
    guard names.contains(own) else { return nil }
    let mine = noted(own)
    let least = names.count { $0 == own || noted($0) < mine }
    return least...names.count
  }

  private func folder(_ table: String, _ row: String, _ column: String, experiment: String, dataset: String) -> String {
    let name = [experiment, table, row, column, dataset].joined(separator: "\u{1f}")
    return "\(cache.root)/test-reads/\(Digest.of(name).prefix(24))"
  }
}
