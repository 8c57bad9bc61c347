import Basics
import Weights

/// Which program's arithmetic a weight file was trained for. Same parameters, different networks in detail.
public enum NetworkConvention: String, Sendable, CaseIterable {
  /// Symmetric padding; torchvision's strides and epsilons.
  case pytorch
  /// TensorFlow: strided convolutions padded as 'SAME' (more at the end), Keras' strides and epsilons.
  case tensorflow
}

/// A weight file's tensors under this project's names (torchvision's), and the arithmetic they belong to.
public struct NormalisedWeights: Sendable {
  public let tensors: [RawTensor]
  public let convention: NetworkConvention

  public init(_ tensors: [RawTensor], convention: NetworkConvention = .pytorch) {
    self.tensors = tensors
    self.convention = convention
  }
}

/// Small pure steps from which foreign names are translated.
enum TensorNaming {
  /// PyTorch's BatchNorm counter, which no forward pass reads: any file may have it or not.
  static let counter = ".num_batches_tracked"

  /// The tensors without those whose names start with one of `prefixes`, and without counters.
  static func dropping(_ prefixes: [String], from tensors: [RawTensor]) -> [RawTensor] {
    tensors.filter { tensor in
      !tensor.name.hasSuffix(counter) && !prefixes.contains { tensor.name.hasPrefix($0) }
    }
  }

  /// The tensors without `prefix` (`module.` of data-parallel training) when every name has it.
  static func stripping(_ prefix: String, from tensors: [RawTensor]) -> [RawTensor] {
    guard !tensors.isEmpty, tensors.allSatisfy({ $0.name.hasPrefix(prefix) }) else { return tensors }
    return tensors.map { $0.renamed(String($0.name.dropFirst(prefix.count))) }
  }

  /// Renames each tensor; a name that `rule` does not know stays, so that strict loading reports it.
  static func renaming(_ tensors: [RawTensor], _ rule: (String) -> String?) -> [RawTensor] {
    tensors.map { tensor in rule(tensor.name).map { tensor.renamed($0) } ?? tensor }
  }
}

extension RawTensor {
  /// The tensor with its dimensions reordered: dimension i of the result is dimension `order[i]` of this one.
  /// - Throws: ``IeumError`` (data) when the rank is another one or the bytes do not fill the shape.
  func permuted(_ order: [Int]) throws -> RawTensor {
    guard order.sorted() == Array(shape.indices), let count, count * dtype.size == bytes.count else {
      throw IeumError(
        .data, "has shape \(shape), which cannot be reordered as \(order)", place: "tensor '\(name)'",
        remedy: "give a file of the encoder's own family")
    }
    var strides = [Int](repeating: 1, count: shape.count)
    for i in shape.indices.dropLast().reversed() { strides[i] = strides[i + 1] * shape[i + 1] }
    let newShape = order.map { shape[$0] }
    let newStrides = order.map { strides[$0] }
    var index = [Int](repeating: 0, count: shape.count)
    var output: [UInt8] = []
    output.reserveCapacity(bytes.count)
    for _ in 0..<count {
      var offset = 0
      for axis in index.indices { offset += index[axis] * newStrides[axis] }
      output.append(contentsOf: bytes[offset * dtype.size..<(offset + 1) * dtype.size])
      for axis in index.indices.reversed() {
        index[axis] += 1
        if index[axis] < newShape[axis] { break }
        index[axis] = 0
      }
    }
    return RawTensor(name: name, dtype: dtype, shape: newShape, bytes: output)
  }
}
