import Basics
import CTorch

/// The arithmetic of a frozen network: products and stored activations; sums are always float32.
public enum InferencePrecision: String, Sendable, CaseIterable, Codable {
  case f32, bf16

  var code: ct_plan_precision { self == .f32 ? CT_PLAN_F32 : CT_PLAN_BF16 }
}

/// A network compiled for the CPU. Used from one thread at a time.
public final class InferencePlan {
  /// Images of a batch.
  public let batch: Int
  private let pixels, features: Int
  private let handle: OpaquePointer

  init(owning handle: OpaquePointer, batch: Int, pixels: Int, features: Int) {
    (self.handle, self.batch, self.pixels, self.features) = (handle, batch, pixels, features)
  }

  deinit { ct_plan_free(handle) }

  /// Runs whole batches, as many at a time as the plan has streams.
  /// - Parameters:
  ///   - images: `[N, C, H, W]`, N a multiple of ``batch``.
  ///   - result: room for `[N, D]`.
  /// - Throws: ``IeumError`` (system) when the buffers have other sizes.
  public func run(_ images: UnsafeBufferPointer<Float>, into result: UnsafeMutableBufferPointer<Float>) throws {
    let count = images.count / (batch * pixels)
    guard images.count == count * batch * pixels, result.count == count * batch * features else {
      throw IeumError(.system, "\(images.count) values in and \(result.count) out do not fit a plan of \(batch) images")
    }
    try check(ct_plan_run(handle, images.baseAddress, result.baseAddress, Int64(count)))
  }

  /// A line per step: what it does, and on which implementation.
  public var steps: [String] { lines(ct_plan_text(handle)) }

  /// Bytes of activations, of all streams together, and of packed weights.
  public var memory: (activations: Int, weights: Int) {
    var (activations, weights): (Int64, Int64) = (0, 0)
    ct_plan_memory(handle, &activations, &weights)
    return (Int(activations), Int(weights))
  }

  /// Starts or stops timing the steps; what was timed since the last start, a stage per step.
  @discardableResult
  public func profile(_ on: Bool) -> [Stage] { Stage.parse(ct_plan_profile(handle, on)) }

  private func lines(_ text: UnsafePointer<CChar>) -> [String] {
    String(cString: text).split(separator: "\n").map(String.init)
  }
}

extension TensorRuntime {
  /// The library that compiled plans run on, its version and instruction set.
  public static var inferenceEngine: String { "oneDNN \(String(cString: ct_plan_engine()))" }

  /// Whether plans of this CPU can compute in bf16.
  public static var convolvesInBF16: Bool { ct_plan_has_bf16() }
}
