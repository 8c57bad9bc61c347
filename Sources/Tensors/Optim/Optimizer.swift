import Basics
import CTorch
import Weights

/// Changes parameters along their gradients, in place.
public protocol Optimizer: AnyObject {
  var parameters: [Tensor] { get }
  var learningRate: Double { get set }
  /// One update; parameters without a gradient stay as they are.
  /// - Throws: ``IeumError`` (system) with libtorch's message.
  func step() throws
  /// What has to be saved to go on exactly: moments and the step count.
  func state() throws -> [RawTensor]
  /// - Throws: ``IeumError`` (data) when the tensors are not this optimiser's.
  func load(_ tensors: [RawTensor], file: String) throws
}

extension Optimizer {
  public func zeroGrad() {
    for tensor in parameters { tensor.zeroGrad() }
  }
}

/// Scales all gradients together so that their joint Euclidean norm is at most `maxNorm`.
/// - Returns: the norm before; nil for gradients on a GPU, where reading it would wait for the step.
/// - Source: Pascanu, Mikolov and Bengio 2013, algorithm 1.
@discardableResult
public func clipGradients(_ parameters: [Tensor], maxNorm: Double) throws -> Double? {
  var norm = 0.0
  try withHandles(parameters) { try check(ct_clip_grad_norm($0, Int64(parameters.count), maxNorm, &norm)) }
  return norm.isNaN && parameters.contains { $0.device != .cpu } ? nil : norm
}

/// Saves and restores the tensors and the step count of an optimiser under stable names.
enum OptimizerState {
  static func save(_ groups: [(String, [Tensor])], step: Int) throws -> [RawTensor] {
    let tensors = try groups.flatMap { name, tensors in
      try tensors.enumerated().map { try $1.raw(named: "\(name).\($0)") }
    }
    return tensors + [try Tensor([Int64(step)], shape: []).raw(named: "step")]
  }

  /// - Returns: the step count.
  static func load(_ tensors: [RawTensor], into groups: [(String, [Tensor])], file: String) throws -> Int {
    let holder = Module()
    let step = try Tensor([Int64(0)], shape: [])
    for (name, members) in groups {
      for (index, tensor) in members.enumerated() { holder.buffer("\(name).\(index)", tensor) }
    }
    holder.buffer("step", step)
    try holder.load(tensors, file: file)
    return Int(try step.int64s()[0])
  }

  static func zeros(like parameters: [Tensor]) throws -> [Tensor] {
    try parameters.map { try .zeros($0.shape, dtype: $0.dtype, device: $0.device) }
  }
}
