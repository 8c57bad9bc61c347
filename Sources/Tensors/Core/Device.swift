import Basics
import CTorch

/// Where a tensor's elements live and its operations are carried out.
public enum Device: Sendable, Hashable, CustomStringConvertible {
  case cpu
  case cuda(Int)

  /// `cpu`, `cuda` (the first GPU) or `cuda:N`; nil for anything else.
  public init?(_ name: String) {
    switch name {
    case "cpu": self = .cpu
    case "cuda": self = .cuda(0)
    default:
      // libtorch numbers devices in a byte.
      guard name.hasPrefix("cuda:"), let index = Int8(name.dropFirst(5)), index >= 0 else { return nil }
      self = .cuda(Int(index))
    }
  }

  var code: Int32 {
    switch self {
    case .cpu: -1
    case .cuda(let index): Int32(clamping: index)
    }
  }

  init(code: Int32) { self = code < 0 ? .cpu : .cuda(Int(code)) }

  public var description: String {
    switch self {
    case .cpu: "cpu"
    case .cuda(let index): "cuda:\(index)"
    }
  }

  /// - Throws: ``IeumError`` (usage) where this libtorch or this machine has no such device.
  public func check(place: String) throws {
    guard case .cuda(let index) = self else { return }
    guard TensorRuntime.isCUDABuild else {
      throw IeumError(
        .usage, "there is no device '\(self)': this program was built on a libtorch for CPUs", place: place,
        remedy: "build it with LIBTORCH=FOLDER, a libtorch with CUDA (docs/performance.md), or set the device to cpu")
    }
    let count = TensorRuntime.cudaDevices
    guard index >= count else { return }
    throw IeumError(
      .usage, "there is no device '\(self)': libtorch finds \(count) GPU(s) here", place: place,
      remedy: "check the driver and CUDA_VISIBLE_DEVICES and that LIBTORCH's CUDA fits them, or set the device to cpu")
  }
}

extension Tensor {
  /// The values ready to be copied to a device while it computes: for a GPU in pinned memory, for a CPU as they are.
  public func staged(for device: Device) throws -> Tensor {
    device == .cpu ? self : try made { ct_tensor_pinned(handle, &$0) }
  }
}
