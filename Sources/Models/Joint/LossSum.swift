import Basics
import Tensors

/// The losses of an epoch's steps. On a CPU each is read at once; on a GPU some dozens together, since reading one waits
/// for all that is queued there.
struct LossSum {
  private let epoch: Int
  private let what: String
  private var waiting: [(loss: Tensor, weight: Double)] = []
  private var total = 0.0
  private var weight = 0.0
  private static let mostWaiting = 32

  /// - Parameter what: names the loss in errors.
  init(epoch: Int, what: String) { (self.epoch, self.what) = (epoch, what) }

  /// - Parameters:
  ///   - loss: a scalar.
  ///   - weight: the items that it is the mean of, or 1.
  /// - Throws: ``IeumError`` (data) when it, or one before it, is not finite.
  mutating func add(_ loss: Tensor, weight: Int = 1) throws {
    waiting.append((try loss.detached(), Double(weight)))
    if loss.device == .cpu || waiting.count >= Self.mostWaiting { try read() }
  }

  /// The weighted mean of all; 0 of none.
  mutating func mean() throws -> Double {
    try read()
    return total / max(1, weight)
  }

  private mutating func read() throws {
    guard !waiting.isEmpty else { return }
    let values = try Tensor.stack(waiting.map(\.loss), dim: 0).doubles()
    for (value, (_, share)) in zip(values, waiting) {
      total += try finite(value, epoch, what) * share
      weight += share
    }
    waiting = []
  }
}

/// - Returns: the value.
/// - Throws: ``IeumError`` (data) naming the epoch when it is not finite.
func finite(_ value: Double, _ epoch: Int, _ what: String) throws -> Double {
  guard value.isFinite else {
    throw IeumError(
      .data, "the \(what) is \(value)", place: "epoch \(epoch)",
      remedy: "lower the learning rate, or check the inputs for extreme values")
  }
  return value
}

extension Tensor {
  /// A network's input on its device. Ids (int64) stay where they are: networks read lengths off them first, and
  /// ``embedding(_:paddingIndex:)`` takes them along.
  func input(on device: Device) throws -> Tensor { dtype == .int64 ? self : try to(device) }

  /// The same, ready to be moved (``staged(for:)``).
  func stagedInput(for device: Device) throws -> Tensor { dtype == .int64 ? self : try staged(for: device) }
}
