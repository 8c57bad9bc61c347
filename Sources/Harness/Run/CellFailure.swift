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
  }

  private static func path(_ cell: Experiment.Cell, _ cache: Cache) -> String { "\(cache.root)/failures/\(cell.id).json" }

  static func record(_ error: IeumError, _ cell: Experiment.Cell, bench: Workbench) throws {
    let key = error.kind == .system ? nil : key(cell, bench)
    let record = Record(kind: error.kind.rawValue, reason: error.description, key: key)
    try AtomicFile.write(try JSONEncoder().encode(record), to: path(cell, bench.cache))
  }

  static func clear(_ cell: Experiment.Cell, _ cache: Cache) { unlink(path(cell, cache)) }

  static func reason(_ cell: Experiment.Cell, _ cache: Cache) -> String? { read(cell, cache)?.reason }

  /// Whether the cell would fail again in the same way.
  static func stands(_ cell: Experiment.Cell, bench: Workbench) -> Bool {
    guard let key = read(cell, bench.cache)?.key else { return false }
    return key == self.key(cell, bench)
  }

  private static func read(_ cell: Experiment.Cell, _ cache: Cache) -> Record? {
    guard let data = FileManager.default.contents(atPath: path(cell, cache)) else { return nil }
    return try? JSONDecoder().decode(Record.self, from: data)
  }

  /// Nil where the parts cannot be resolved: missing data or weights may come.
  private static func key(_ cell: Experiment.Cell, _ bench: Workbench) -> String? {
    let runner = CellRunner(cell: cell, bench: bench, progress: Progress())
    guard let task = try? runner.task() else { return nil }
    var program = stat()
    stat("/proc/self/exe", &program)
    return Digest.of("\(task.digest) \(program.st_size) \(program.st_mtim.tv_sec)")
  }
}
