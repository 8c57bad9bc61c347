import Basics
import CTorch

/// An n-dimensional array with automatic differentiation: the owner of one libtorch handle.
///
/// Operations never change their operands; they throw ``IeumError`` (system) with libtorch's message, for example
/// when shapes do not fit. Only ``assign(_:)``, gradients and optimisers change a tensor in place, so a tensor may be
/// read from several threads but must not be trained from two at once.
public final class Tensor: @unchecked Sendable {
  var handle: OpaquePointer

  /// Takes ownership of `handle`.
  init(owning handle: OpaquePointer) { self.handle = handle }

  deinit { ct_tensor_free(handle) }

  public var rank: Int { Int(ct_tensor_rank(handle)) }

  /// Number of elements.
  public var count: Int { Int(ct_tensor_count(handle)) }

  public var shape: [Int] {
    var sizes = [Int64](repeating: 0, count: rank)
    ct_tensor_shape(handle, &sizes)
    return sizes.map(Int.init)
  }

  public var dtype: DType {
    var code = CT_FLOAT32
    // Fails only for types that no operation of this room can make (complex, quantised).
    guard ct_tensor_dtype(handle, &code) == succeeded else { return .float32 }
    return DType(code: code)
  }

  public var device: Device { Device(code: ct_tensor_device(handle)) }

  /// Whether a `[N, C, H, W]` tensor is stored pixel by pixel.
  public var isChannelsLast: Bool { ct_tensor_is_channels_last(handle) }

  /// Size of one dimension; negative ones count from the end.
  /// - Throws: ``IeumError`` (system) when there is no such dimension.
  public func size(_ dim: Int) throws -> Int {
    let shape = self.shape
    let index = dim < 0 ? dim + shape.count : dim
    guard shape.indices.contains(index) else {
      throw IeumError(.system, "a tensor of shape \(shape) has no dimension \(dim)")
    }
    return shape[index]
  }

  /// The sizes, checked against the expected rank.
  /// - Throws: ``IeumError`` (system) naming `what` and its wanted form, such as `[N, T, D]`.
  public func sizes(_ form: String, rank expected: Int, of what: String) throws -> [Int] {
    let shape = self.shape
    guard shape.count == expected else {
      throw IeumError(.system, "\(what) must be \(form), not \(shape)")
    }
    return shape
  }
}
