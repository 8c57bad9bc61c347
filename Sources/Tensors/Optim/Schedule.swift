import Foundation

/// Factors for the learning rate, as pure functions of the step (from 0).
public enum Schedule: Sendable, Hashable {
  case constant
  /// `factor` to the power ⌊step / every⌋.
  case stepwise(every: Int, factor: Double)
  /// `factor` to the power step.
  case exponential(factor: Double)
  /// Linear from 0 over `warmup` steps, then half a cosine down to `floor` at `total`.
  /// - Source: Loshchilov and Hutter 2017, equation 5, without restarts.
  case cosine(warmup: Int, total: Int, floor: Double)
  /// CLIP4Clip's: with p = step / total, p / warmup below `warmup`, (1 + cos πp) / 2 from there on. The first step has
  /// factor 0, and the factor jumps down where the two meet.
  /// - Source: the code published with Luo et al. 2022; the form of BERT's optimiser.
  case warmupCosine(warmup: Double, total: Int)
  /// Linear from 0 over `warmup` steps, then linear down to 0 at `total`.
  case linear(warmup: Int, total: Int)

  public func factor(at step: Int) -> Double {
    switch self {
    case .constant:
      return 1
    case .stepwise(let every, let factor):
      return pow(factor, Double(step / max(every, 1)))
    case .exponential(let factor):
      return pow(factor, Double(step))
    case .cosine(let warmup, let total, let floor):
      if step < warmup { return Double(step) / Double(warmup) }
      return floor + (1 - floor) * (1 + cos(.pi * Schedule.progress(step, warmup, total))) / 2
    case .warmupCosine(let warmup, let total):
      let share = Double(step) / Double(max(total, 1))
      return share < warmup ? share / warmup : (1 + cos(.pi * min(share, 1))) / 2
    case .linear(let warmup, let total):
      if step < warmup { return Double(step) / Double(warmup) }
      return 1 - Schedule.progress(step, warmup, total)
    }
  }

  /// Share of the way from `warmup` to `total`, 0...1.
  private static func progress(_ step: Int, _ warmup: Int, _ total: Int) -> Double {
    total <= warmup ? 1 : min(Double(step - warmup) / Double(total - warmup), 1)
  }
}
