import Basics
import CTorch

extension Tensor {
  /// The elements, row-major, converted to float32.
  public func floats() throws -> [Float] { try read(.float32, fill: 0) }

  /// The elements, row-major, converted to float64.
  public func doubles() throws -> [Double] { try read(.float64, fill: 0) }

  /// The elements, row-major, converted to int64.
  public func int64s() throws -> [Int64] { try read(.int64, fill: 0) }

  /// The elements, row-major; true where not zero.
  public func bools() throws -> [Bool] {
    let bytes: [UInt8] = try read(.bool, fill: 0)
    return bytes.map { $0 != 0 }
  }

  /// The elements' bytes in their own type, row-major, little endian.
  public func bytes() throws -> [UInt8] {
    var buffer = [UInt8](repeating: 0, count: count * dtype.size)
    try check(buffer.withUnsafeMutableBytes {
      ct_tensor_read(handle, dtype.code, $0.baseAddress, Int64($0.count))
    })
    return buffer
  }

  /// The only element.
  /// - Throws: ``IeumError`` (system) when there are more or none.
  public func item() throws -> Double {
    guard count == 1 else { throw IeumError(.system, "a tensor of shape \(shape) is not a single number") }
    return try doubles()[0]
  }

  private func read<Element>(_ type: DType, fill: Element) throws -> [Element] {
    var buffer = [Element](repeating: fill, count: count)
    try check(buffer.withUnsafeMutableBytes {
      ct_tensor_read(handle, type.code, $0.baseAddress, Int64($0.count))
    })
    return buffer
  }

  /// The same values in another type (itself where nothing changes); differentiable.
  public func to(_ dtype: DType) throws -> Tensor {
    dtype == self.dtype ? self : try made { ct_tensor_to(handle, dtype.code, device.code, &$0) }
  }

  /// The same values on another device; differentiable. Those ``staged(for:)`` a GPU, and small ones, go there without
  /// waiting for what it is at.
  public func to(_ device: Device) throws -> Tensor {
    device == self.device ? self : try made { ct_tensor_to(handle, dtype.code, device.code, &$0) }
  }

  /// The same values outside the graph, sharing memory.
  public func detached() throws -> Tensor { try made { ct_detach(handle, &$0) } }

  /// A copy of the values; differentiable.
  public func copy() throws -> Tensor { try made { ct_tensor_clone(handle, &$0) } }

  /// Row-major in memory.
  public func contiguous() throws -> Tensor { try made { ct_tensor_format(handle, CT_CONTIGUOUS, &$0) } }

  /// `[N, C, H, W]` stored pixel by pixel, which convolutions run faster on.
  public func channelsLast() throws -> Tensor { try made { ct_tensor_format(handle, CT_CHANNELS_LAST, &$0) } }

  /// Overwrites the values in place, outside the graph (`source` is converted to this type and device).
  public func assign(_ source: Tensor) throws { try check(ct_tensor_assign(handle, source.handle)) }
}
