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
    let name = [experiment, cell.table, cell.row, cell.column, dataset].joined(separator: "\u{1f}")
    let folder = "\(cache.root)/test-reads/\(Digest.of(name).prefix(24))"
    let path = "\(folder)/\(digest.prefix(24))"
    if !FileManager.default.fileExists(atPath: path) { try AtomicFile.write(cell.id + "\n", to: path) }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.count { !$0.hasPrefix(".") }
  }
}
