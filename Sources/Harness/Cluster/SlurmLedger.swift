import Basics
import Foundation

/// `results/<experiment>/slurm/jobs.json`: which job array computes which cells, so that a second run attaches to the
/// jobs of the first instead of submitting them again.
struct SlurmLedger: Codable {
  enum Phase: String, Codable { case features, cells }

  struct Job: Codable {
    let id: Int
    let phase: Phase
    /// Cell ids by array index.
    let cells: [String]
    /// Standard output of task i: `<logs>-i.out`.
    let logs: String

    func log(_ index: Int) -> String { "\(logs)-\(index).out" }
  }

  var jobs: [Job] = []

  static func folder(_ results: String) -> String { results + "/slurm" }
  private static func path(_ results: String) -> String { folder(results) + "/jobs.json" }

  static func read(_ results: String) -> SlurmLedger {
    guard let data = FileManager.default.contents(atPath: path(results)) else { return SlurmLedger() }
    return (try? JSONDecoder().decode(SlurmLedger.self, from: data)) ?? SlurmLedger()
  }

  func write(_ results: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try AtomicFile.write(try encoder.encode(self), to: Self.path(results))
  }

  /// Cell id → the task of its last job and the task's state, for cells that are still in the queue.
  func active(_ queued: [Slurm.Task: String]) -> [String: (task: Slurm.Task, state: String)] {
    var active: [String: (Slurm.Task, String)] = [:]
    for job in jobs where job.phase == .cells {
      for (index, cell) in job.cells.enumerated() {
        let task = Slurm.Task(job: job.id, index: index)
        if let state = queued[task] { active[cell] = (task, state) }
      }
    }
    return active
  }

  /// The cell that a task computes; nil for a task that extracts features.
  func cell(of task: Slurm.Task) -> String? {
    let job = jobs.first { $0.id == task.job && $0.phase == .cells }
    return job.flatMap { $0.cells.indices.contains(task.index) ? $0.cells[task.index] : nil }
  }

  /// The log of a cell's last task.
  func log(of cell: String) -> String? {
    for job in jobs.reversed() where job.phase == .cells {
      if let index = job.cells.firstIndex(of: cell) { return job.log(index) }
    }
    return nil
  }
}
