import Basics
import Foundation

/// Computes pending cells as job arrays: one for the features that are missing, then one for each set of resources,
/// which starts when the features are there. Results come back through the shared file system.
public struct SlurmExecutor: Sendable {
  /// Most tasks of one array; clusters allow 1001 unless configured otherwise.
  private static let largestArray = 1000

  private let slurm: Slurm
  /// The program and its arguments up to the options of a task.
  private let command: [String]
  private let results: String
  private let limit: Int?
  private let waits: Bool

  /// - Parameters:
  ///   - command: program and arguments that compute one cell when `--cell ID` (and `--phase features`) is added.
  ///   - results: `results/<experiment>`, on the shared file system.
  ///   - limit: most tasks of an array at a time; nil = as the cluster has room.
  ///   - waits: whether to wait for the jobs.
  /// - Throws: ``IeumError`` (system) when Slurm is not there.
  public init(command: [String], results: String, limit: Int?, waits: Bool) throws {
    slurm = try Slurm()
    (self.command, self.results, self.limit, self.waits) = (command, results, limit, waits)
  }

  /// Submits what is not in the queue yet, and waits for all of it.
  /// - Parameters:
  ///   - features: cells whose extraction covers all features that are missing.
  ///   - isDone: whether a cell's results are on the shared file system.
  /// - Returns: false when it did not wait.
  func compute(
    _ pending: [Experiment.Cell], features: [Experiment.Cell], isDone: (Experiment.Cell) -> Bool, progress: Progress
  ) throws -> Bool {
    var ledger = SlurmLedger.read(results)
    var queued = try slurm.queued(ledger.jobs.map(\.id))
    let active = ledger.active(queued)
    let fresh = pending.filter { active[$0.id] == nil }
    if !active.isEmpty { progress.note("\(active.count) cell(s) are in the queue already") }
    ledger.jobs.removeAll { job in !queued.keys.contains { $0.job == job.id } && job.cells.allSatisfy { id in fresh.contains { $0.id == id } } }
    if !fresh.isEmpty {
      var before: Int?
      if !features.isEmpty {
        before = try submit(features, .features, after: nil, &ledger)
        progress.note("job \(before ?? 0): features of \(features.count) encoder(s)")
      }
      for group in groups(fresh) {
        let job = try submit(group, .cells, after: before, &ledger)
        progress.note("job \(job): \(group.count) cell(s)")
      }
      queued = try slurm.queued(ledger.jobs.map(\.id))
    }
    guard waits else { return false }
    try wait(for: ledger, progress: progress) { id in pending.first { $0.id == id }.map(isDone) ?? true }
    return true
  }

  /// Cells of equal resources, in pieces that one array holds.
  private func groups(_ cells: [Experiment.Cell]) -> [[Experiment.Cell]] {
    var order: [[String]] = []
    var groups: [[String]: [Experiment.Cell]] = [:]
    for cell in cells {
      let key = directives(cell)
      if groups[key] == nil { order.append(key) }
      groups[key, default: []].append(cell)
    }
    return order.flatMap { key -> [[Experiment.Cell]] in
      let all = groups[key] ?? []
      return stride(from: 0, to: all.count, by: Self.largestArray).map {
        Array(all[$0..<min($0 + Self.largestArray, all.count)])
      }
    }
  }

  private func directives(_ cell: Experiment.Cell) -> [String] {
    cell.config.resources.directives(threads: cell.config.training.threads)
  }

  /// Writes the batch script and its list of cells, submits it and notes it in the ledger.
  private func submit(
    _ cells: [Experiment.Cell], _ phase: SlurmLedger.Phase, after: Int?, _ ledger: inout SlurmLedger
  ) throws -> Int {
    let folder = SlurmLedger.folder(results)
    let name = "\(phase.rawValue)-\(Digest.of(cells.map(\.id).joined(separator: "\n")).prefix(8))-\(ledger.jobs.count)"
    let base = absolute("\(folder)/\(name)")
    try AtomicFile.write(cells.map(\.id).joined(separator: "\n") + "\n", to: base + ".cells")
    try AtomicFile.write(script(cells, phase, base: base, after: after), to: base + ".sh")
    let job = try slurm.submit(base + ".sh")
    ledger.jobs.append(.init(id: job, phase: phase, cells: cells.map(\.id), logs: base))
    try ledger.write(results)
    return job
  }

  private func script(_ cells: [Experiment.Cell], _ phase: SlurmLedger.Phase, base: String, after: Int?) -> String {
    var lines = [
      "#!/bin/bash", "#SBATCH --job-name=ieum-\(phase.rawValue)",
      "#SBATCH --array=0-\(cells.count - 1)\(limit.map { "%\($0)" } ?? "")",
      "#SBATCH --output=\(base)-%a.out", "#SBATCH --open-mode=append",
      // A pre-empted or lost task starts again and goes on from its checkpoint.
      "#SBATCH --requeue", "#SBATCH --chdir=\(FileManager.default.currentDirectoryPath)",
    ]
    lines += cells.first.map(directives) ?? []
    // Features that failed are told by the cells that need them, so those start in any case.
    if let after { lines.append("#SBATCH --dependency=afterany:\(after)") }
    let words = (command + (phase == .features ? ["--phase", "features"] : [])).map(Self.quoted).joined(separator: " ")
    lines.append("cell=$(sed -n \"$((SLURM_ARRAY_TASK_ID + 1))p\" \(Self.quoted(base + ".cells")))")
    lines.append("exec \(words) --cell \"$cell\"")
    return lines.joined(separator: "\n") + "\n"
  }

  private func wait(for ledger: SlurmLedger, progress: Progress, isDone: (String) -> Bool) throws {
    var pause = 0.2
    var last = ""
    while true {
      // On a lost node a task stays "completing" until the node is back; one that had not come to its end then starts again.
      let queued = try slurm.queued(ledger.jobs.map(\.id)).filter { task, state in
        state != "COMPLETING" || !(ledger.cell(of: task).map(isDone) ?? false)
      }
      if queued.isEmpty { return }
      let counts = Dictionary(grouping: queued.values) { $0.lowercased() }.map { "\($0.value.count) \($0.key)" }
      let line = counts.sorted().joined(separator: ", ")
      if line != last { progress.note("slurm: \(line)") }
      last = line
      Thread.sleep(forTimeInterval: pause)
      pause = min(10, pause * 1.3)
    }
  }

  private func absolute(_ path: String) -> String {
    path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
  }

  /// One word for the shell.
  static func quoted(_ word: String) -> String { "'" + word.replacing("'", with: "'\\''") + "'" }
}
