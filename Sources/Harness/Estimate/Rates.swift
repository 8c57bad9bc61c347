import Basics
import Foundation

/// What kinds of work cost on this machine, in seconds per unit: learnt from every run, or probed where none has run.
/// They lie in the cache, a small file each.
struct Rates {
  struct Entry: Codable, Equatable {
    /// The kind of work in words.
    var work: String
    var secondsPerUnit: Double
    /// How many runs it comes from; 0 = a probe.
    var runs: Int

    /// With one more run: as it is after a probe, otherwise halfway, since machine and program change with time.
    func after(_ seconds: Double) -> Entry {
      Entry(work: work, secondsPerUnit: runs == 0 ? seconds : (secondsPerUnit + seconds) / 2, runs: runs + 1)
    }
  }

  let cache: Cache

  private func path(_ work: String) -> String {
    let host = "\(Provenance.cpuModel()) \(ProcessInfo.processInfo.processorCount)"
    return "\(cache.root)/rates/\(Digest.of(host + "\n" + work).prefix(24)).json"
  }

  func known(_ work: String) -> Entry? {
    FileManager.default.contents(atPath: path(work)).flatMap { try? JSONDecoder().decode(Entry.self, from: $0) }
  }

  /// Takes note of a run. A rate that cannot be stored is no reason to fail.
  func record(_ work: String, seconds: Double, units: Double) {
    guard units > 0, seconds > 0 else { return }
    let blank = Entry(work: work, secondsPerUnit: 0, runs: 0)
    store((known(work) ?? blank).after(seconds / units))
  }

  /// What so many units cost.
  /// - Parameter probe: measures seconds per unit where nothing is known; nil or an error = stays unknown.
  func cost(_ work: String, units: Double, probe: (() throws -> Double?)?) -> TimeEstimate.Cost? {
    if let entry = known(work) { return .init(seconds: entry.secondsPerUnit * units, isFromRun: entry.runs > 0) }
    guard let probe, let seconds = try? probe() else { return nil }
    store(Entry(work: work, secondsPerUnit: seconds, runs: 0))
    return .init(seconds: seconds * units, isFromRun: false)
  }

  /// Carries out extractions and takes note of what those that were missing cost.
  func noting<Result>(_ extractions: [Extraction], _ body: () throws -> Result) rethrows -> Result {
    let missing = extractions.filter { !FileManager.default.fileExists(atPath: $0.path) }
    let start = ContinuousClock.now
    let result = try body()
    let (seconds, units) = ((ContinuousClock.now - start) / .seconds(1), missing.reduce(0) { $0 + $1.work.units })
    for work in missing.map(\.work) { record(work.kind, seconds: seconds * work.units / units, units: work.units) }
    return result
  }

  private func store(_ entry: Entry) {
    guard let data = try? JSONEncoder().encode(entry) else { return }
    try? AtomicFile.write(data, to: path(entry.work))
  }
}

/// Work of a kind whose rate is kept.
struct RatedWork {
  /// What the rate depends on, in words.
  let kind: String
  let units: Double
  /// Measures seconds per unit.
  var probe: (() throws -> Double?)?
}

/// One feature file that a cell waits for.
struct Extraction {
  let path: String
  let work: RatedWork

  init(path: String, work: RatedWork) { (self.path, self.work) = (path, work) }

  /// A file whose name (`dataset-encoder-digest.h5`) is all that tells like ones apart.
  init(file path: String) {
    let name = URL(fileURLWithPath: path).lastPathComponent
    self.init(path: path, work: RatedWork(kind: "extract \(name.split(separator: "-").dropLast().joined(separator: "-"))", units: 1))
  }
}
