import Basics
import Foundation

/// The few commands of Slurm that a sweep needs.
struct Slurm: Sendable {
  /// One task of a job array and what the scheduler says of it.
  struct Task: Sendable, Hashable {
    let job: Int
    let index: Int
  }

  /// - Throws: ``IeumError`` (system) when Slurm is not there.
  init() throws {
    guard Self.run(["sbatch", "--version"]).status == 0 else {
      throw IeumError(
        .system, "'sbatch' cannot be run here", place: "--executor slurm",
        remedy: "run this on a machine of the cluster, or use --executor local")
    }
  }

  /// Submits a batch script.
  /// - Returns: the job's number.
  /// - Throws: ``IeumError`` (system) with what Slurm says.
  func submit(_ script: String) throws -> Int {
    let answer = Self.run(["sbatch", "--parsable", script])
    guard answer.status == 0, let job = Int(answer.output.prefix { $0.isNumber }) else {
      throw IeumError(
        .system, "Slurm refused the job (\(answer.errors))", file: script,
        remedy: "check `resources` against what the cluster offers (sinfo)")
    }
    return job
  }

  /// Tasks that are still in the queue, with their state (`PENDING`, `RUNNING`, …).
  /// - Throws: ``IeumError`` (system) when the scheduler does not answer.
  func queued(_ jobs: [Int]) throws -> [Task: String] {
    guard !jobs.isEmpty else { return [:] }
    // Without --jobs: a job that Slurm has forgotten would make the whole question an error.
    let answer = Self.run(["squeue", "--me", "--noheader", "--array", "--format=%F %K %T"])
    guard answer.status == 0 else {
      throw IeumError(.system, "the scheduler does not answer (\(answer.errors))", place: "squeue", remedy: "try again later")
    }
    let wanted = Set(jobs)
    var tasks: [Task: String] = [:]
    for line in answer.output.split(separator: "\n") {
      let fields = line.split(separator: " ")
      guard fields.count >= 3, let job = Int(fields[0]), let index = Int(fields[1]), wanted.contains(job) else { continue }
      tasks[Task(job: job, index: index)] = String(fields[2])
    }
    return tasks
  }

  func cancel(_ jobs: [Int]) {
    if !jobs.isEmpty { _ = Self.run(["scancel"] + jobs.map(String.init)) }
  }

  private static func run(_ command: [String]) -> (status: Int32, output: String, errors: String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = command
    let (output, errors) = (Pipe(), Pipe())
    (process.standardOutput, process.standardError) = (output, errors)
    guard (try? process.run()) != nil else { return (127, "", "cannot be started") }
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    let said = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (process.terminationStatus, text, said.trimmingCharacters(in: .whitespacesAndNewlines))
  }
}
