import Basics
import Foundation

/// Waits for worker processes, and starts one again that a signal has ended: the cell it was at is recorded and left to the
/// next run, the others go on.
struct WorkerKeeper: Sendable {
  struct End: Sendable {
    var status: Int32 = 0
    /// What became of cells that took their process with them.
    var losses: [String] = []
  }

  let count: Int
  /// Cell id → label.
  let labels: [String: String]
  let run: String
  let cache: Cache
  /// As in ``SweepRunner/run(only:jobs:results:retryFailed:worker:)``.
  let start: @Sendable (Int, Int) -> Int32

  func attend(_ index: Int) -> End {
    var end = End()
    let place = WorkerPlace(index: index, run: run, cache: cache)
    defer { place.leave() }
    while true {
      end.status = start(index, count)
      guard end.status < 0, let id = place.cell, let label = labels[id] else { return end }
      let error = IeumError(
        .system, "its process was ended by signal \(-end.status)" + (end.status == -SIGKILL ? " (out of memory?)" : ""),
        place: label, remedy: "run again with fewer --jobs, or see what is special about the cell")
      end.losses.append(error.description)
      // Without the record the cell would take worker after worker.
      guard (try? CellFailure.record(error, cell: id, run: run, in: cache)) != nil else { return end }
      place.leave()
    }
  }
}

/// Which cell a worker is at, for the process that waits for it: known even when the worker was killed.
struct WorkerPlace {
  private let path: String

  init(index: Int, run: String, cache: Cache) { path = "\(cache.root)/working/\(run)-\(index)" }

  func enter(_ cell: Experiment.Cell) throws { try AtomicFile.write(cell.id, to: path) }

  var cell: String? { try? String(contentsOfFile: path, encoding: .utf8) }

  func leave() { unlink(path) }
}
