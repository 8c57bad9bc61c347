import Basics
import Foundation

/// A sample told part by part: why a rate is what it is.
public struct StageProfile: Codable, Sendable {
  public struct Part: Codable, Sendable {
    public let name: String
    /// Per item.
    public let seconds: Double
    /// Of all the time.
    public let share: Double
    /// Floating-point operations a second, where they are counted.
    public let rate: Double?
  }

  /// What follows one another, and what no stage accounts for.
  public let stages: [Part]
  /// The same time by libtorch's operators, where these carry the work out.
  public let operators: [Part]
  public let perSecond: Double
  /// What else explains the rate.
  public let note: String?

  /// - Parameter sample: tells its stages to ``Basics/Stages``.
  public static func of(
    operators: [Stage] = [], note: String? = nil, _ sample: () throws -> Sample
  ) rethrows -> StageProfile {
    let (sample, stages) = try Stages.during(sample)
    return StageProfile(sample, stages, operators: operators, note: note)
  }

  init(_ sample: Sample, _ stages: [Stage], operators: [Stage] = [], note: String? = nil) {
    let items = sample.perSecond * sample.seconds
    func parts(_ stages: [Stage]) -> [Part] {
      let rest = max(0, sample.seconds - stages.reduce(0) { $0 + $1.seconds })
      return (stages + [Stage("all else", seconds: rest)]).map { stage in
        let isCounted = stage.operations > 0 && stage.seconds > 0
        return Part(
          name: stage.name, seconds: stage.seconds / items, share: stage.seconds / max(sample.seconds, 1e-12),
          rate: isCounted ? stage.operations / stage.seconds : nil)
      }
    }
    self.stages = parts(stages)
    // Hundreds take next to nothing.
    let small = sample.seconds / 500
    let others = operators.filter { $0.seconds < small }.map { Stage("other operators", seconds: $0.seconds) }
    self.operators = operators.isEmpty ? [] : parts(operators.filter { $0.seconds >= small } + others.merged)
    (perSecond, self.note) = (sample.perSecond, note)
  }

  /// A line per part: time per item, share, rate where it is known.
  public var text: String {
    func lines(_ parts: [Part]) -> [String] {
      parts.map { part in
        let rate = part.rate.map { String(format: "%8.1f GFLOP/s  ", $0 / 1e9) } ?? String(repeating: " ", count: 18)
        return String(format: "%10.4f ms %5.1f %%", 1000 * part.seconds, 100 * part.share) + rate + part.name
      }
    }
    let total = String(
      format: "%10.4f ms per item, %.4g items/s", 1000 * stages.reduce(0) { $0 + $1.seconds }, perSecond)
    let blocks = [lines(stages) + [total], lines(operators), note.map { [$0] } ?? []]
    return blocks.filter { !$0.isEmpty }.map { $0.joined(separator: "\n") }.joined(separator: "\n\n")
  }
}
