import Basics
import Foundation
import Testing

/// A sweep that is killed again and again ends as an undisturbed one, bit for bit.
@Suite(.serialized) struct KillTests {
  private let mini: Miniature
  /// Training states after every epoch, so that a killed training is resumed in its middle.
  private let environment = ["IEUM_CHECKPOINT_SECONDS": "0"]

  init() throws { mini = try Miniature() }

  /// How far a sweep is by what lies on disk.
  private enum Phase: Int, CaseIterable {
    case start, extraction, training, evaluation, reporting
  }

  private func files(_ folder: String) -> [String] {
    let names = FileManager.default.enumerator(atPath: "\(mini.folder)/\(folder)")?.allObjects as? [String]
    return (names ?? []).sorted()
  }

  private func phase(_ name: String) -> Phase {
    let names = files("cache-\(name)")
    guard names.contains(where: { $0.hasPrefix("features/") && $0.hasSuffix(".h5") && !$0.contains(".parts/") }) else {
      return names.contains { $0.contains(".parts/") } ? .extraction : .start
    }
    func runs(with file: String) -> Set<String> {
      Set(names.filter { $0.hasPrefix("runs/") && $0.hasSuffix("/\(file)") }.map { String($0.dropLast(file.count)) })
    }
    let done = runs(with: "record.json")
    if done.count == 6 { return .reporting }
    return runs(with: "checkpoint.safetensors").subtracting(done).isEmpty ? .training : .evaluation
  }

  /// Everything a paper's numbers stand on, by digest: features, weights, embeddings, ranks, losses, tables.
  private func evidence(_ name: String) throws -> [String: String] {
    var found: [String: String] = [:]
    for (folder, kinds) in [
      ("cache-\(name)", [".h5", "checkpoint.safetensors"]), ("results-\(name)", [".h5", ".md", ".csv", ".tex", ".dat"]),
    ] {
      for file in files(folder) where kinds.contains(where: { file.hasSuffix($0) }) && !file.hasSuffix("train.csv") {
        found[file] = try Digest.ofFile("\(mini.folder)/\(folder)/\(file)")
      }
    }
    for (id, metrics) in try mini.metrics(name) {
      for (metric, values) in metrics { found["\(id) \(metric)"] = "\(values)" }
    }
    return found
  }

  /// Shards, states and half-written files that a finished run should have cleared away.
  private func leftovers(_ name: String) -> [String] {
    (files("cache-\(name)") + files("results-\(name)")).filter { name in
      [".parts", "state.safetensors", ".part"].contains { name.hasSuffix($0) }
    }
  }

  @Test func killedAtThirtyMomentsItEndsAsAnUndisturbedOne() throws {
    defer { mini.remove() }
    let clock = ContinuousClock()
    let begin = clock.now
    #expect(try mini.run(name: "whole", environment: environment).status == 0)
    let length = (clock.now - begin) / .seconds(1)
    let whole = try evidence("whole")
    // Features, and per seed weights, embeddings and ranks.
    #expect(whole.count { $0.key.hasSuffix(".h5") } == 1 + 6 * 2 + 3 && whole.count { $0.key.hasSuffix("safetensors") } == 6)

    var generator = SeededGenerator(seed: 2022, purpose: "kill")
    var (landed, lives): ([Phase: Int], Int) = ([:], 0)
    while landed.values.reduce(0, +) < 30, lives < 12 {
      let name = "life\(lives)"
      lives += 1
      // A life goes through all phases, and is killed some time into each of them, in the long ones more than once.
      for target in [Phase.start, .extraction, .training, .training, .evaluation, .training, .evaluation, .reporting]
      where landed.values.reduce(0, +) < 30 {
        let delay = generator.uniform() * length * (target == .start || target == .training ? 0.25 : 0.02)
        var due: ContinuousClock.Instant?
        let run = try mini.run(name: name, environment: environment) {
          if due == nil, phase(name).rawValue >= target.rawValue { due = clock.now + .seconds(delay) }
          return due.map { clock.now >= $0 } ?? false
        }
        if run.status == 0 { break }
        landed[phase(name), default: 0] += 1
      }
      let last = try mini.run(name: name, environment: environment)
      #expect(last.status == 0, "\(last.errors)")
      let ended = try evidence(name)
      let differs = Set(whole.keys).union(ended.keys).filter { whole[$0] != ended[$0] }
      #expect(differs.isEmpty, "\(name): \(differs.sorted())")
      // A worker that was dying still when the last run began has left its part behind; the next run takes it away.
      let again = try mini.run(name: name, environment: environment)
      #expect(again.status == 0 && again.errors.contains("0 cell(s) computed"), "\(again.errors)")
      #expect(leftovers(name).isEmpty)
    }
    #expect(landed.values.reduce(0, +) == 30)
    for phase in Phase.allCases { #expect(landed[phase, default: 0] > 0, "none in \(phase): \(landed)") }
  }
}
