import Basics
import Foundation

/// What a run was expected to take, and what it took.
struct RunClock {
  /// As it lies in the results folder, in seconds.
  struct Record: Codable, Equatable {
    /// Nil where some of the work was of a kind that nothing was known about.
    var expected: Double?
    var taken: Double
  }

  /// Beside the results; tells about this machine and moment, so no part of them.
  static let file = ".timing.json"

  private let start = ContinuousClock.now
  private let expected: TimeEstimate?

  /// An experiment that cannot be estimated runs all the same.
  init(_ pending: [Experiment.Cell], bench: Workbench, jobs: Int) {
    expected = try? Plan.expected(pending, bench: bench, jobs: jobs)
  }

  func tell(_ results: String, _ progress: Progress) throws {
    let taken = (ContinuousClock.now - start) / .seconds(1)
    let record = Record(expected: expected.flatMap { $0.unknown == 0 ? $0.total : nil }, taken: taken)
    try AtomicFile.write(try JSONEncoder().encode(record), to: "\(results)/\(Self.file)")
    progress.note(Self.line(record))
  }

  /// Such as `expected 40 s, took 38 s`.
  static func line(_ record: Record) -> String {
    let expected = record.expected.map(TimeEstimate.duration) ?? "unknown (work of a kind that had not run yet)"
    return "expected \(expected), took \(TimeEstimate.duration(record.taken))"
  }
}
