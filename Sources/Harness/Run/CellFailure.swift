import Basics
import Foundation

/// The reason a cell has no numbers, kept in the cache until it succeeds. A cell that failed is not tried again before
/// something it depends on has changed: its settings, its inputs, or the program.
enum CellFailure {
  private struct Record: Codable {
    let kind: String
    let reason: String
    /// What the failure depends on; absent where trying again may help (a full disk).
    var key: String?
    /// The run it happened in, which does not try the cell again in any case.
    var run: String?
  }

  private static func path(_ id: String, _ cache: Cache) -> String { "\(cache.root)/failures/\(id).json" }

  private static func path(_ cell: Experiment.Cell, _ cache: Cache) -> String { path(cell.id, cache) }

  static func record(_ error: IeumError, _ cell: Experiment.Cell, bench: Workbench) throws {
    let key = error.kind == .system ? nil : key(cell, bench)
    try write(Record(kind: error.kind.rawValue, reason: error.description, key: key), cell.id, bench.cache)
  }

  /// A cell that took its process with it: it is left alone for the rest of that run.
  static func record(_ error: IeumError, cell id: String, run: String, in cache: Cache) throws {
    try write(Record(kind: error.kind.rawValue, reason: error.description, run: run), id, cache)
  }

  private static func write(_ record: Record, _ id: String, _ cache: Cache) throws {
    try AtomicFile.write(try JSONEncoder().encode(record), to: path(id, cache))
  }

  static func clear(_ cell: Experiment.Cell, _ cache: Cache) { unlink(path(cell, cache)) }

  static func reason(_ cell: Experiment.Cell, _ cache: Cache) -> String? { read(cell, cache)?.reason }

  /// Whether the cell would fail again in the same way, or took this run's worker with it.
  static func stands(_ cell: Experiment.Cell, bench: Workbench, run: String? = nil) -> Bool {
    guard let record = read(cell, bench.cache) else { return false }
    if let run, record.run == run { return true }
    return record.key != nil && record.key == key(cell, bench)
  }

  private static func read(_ cell: Experiment.Cell, _ cache: Cache) -> Record? {
    guard let data = FileManager.default.contents(atPath: path(cell, cache)) else { return nil }
    return try? JSONDecoder().decode(Record.self, from: data)
  }

  /// Nil where the parts cannot be resolved: missing data or weights may come.
  private static func key(_ cell: Experiment.Cell, _ bench: Workbench) -> String? {
    let runner = CellRunner(cell: cell, bench: bench, progress: Progress())
    guard let task = try? runner.task() else { return nil }
    // A damaged feature file that was deleted is made again.
    let features = task.featurePaths.map { path in
      var file = stat()
      return stat(path, &file) == 0 ? "\(file.st_size) \(file.st_mtim.tv_sec) \(file.st_ino)" : "absent"
    }
    return Digest.of("\(task.digest) \(ProgramFiles.built) \(features)")
  }
}
