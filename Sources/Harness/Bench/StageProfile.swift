import Basics
import Foundation

/// A sample told stage by stage: why a rate is what it is.
public enum StageProfile {
  /// Per stage its time per item and its share, and what no stage accounts for.
  public static func text(_ sample: () throws -> Sample) rethrows -> String {
    let (sample, stages) = try Stages.during(sample)
    let rest = max(0, sample.seconds - stages.reduce(0) { $0 + $1.seconds })
    return lines(stages + [("all else", rest)], items: sample.perSecond * sample.seconds, perSecond: sample.perSecond)
  }

  static func lines(_ stages: [(name: String, seconds: Double)], items: Double, perSecond: Double) -> String {
    let total = stages.reduce(0) { $0 + $1.seconds }
    let shown = stages.map { stage in
      String(format: "%10.4f ms %5.1f %%  ", 1000 * stage.seconds / items, 100 * stage.seconds / max(total, 1e-12)) + stage.name
    }
    return (shown + [String(format: "%10.4f ms per item, %.4g items/s", 1000 * total / items, perSecond)])
      .joined(separator: "\n")
  }
}
