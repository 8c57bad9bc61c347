import Basics
import Tensors

/// A network whose middle is a stack of transformer layers.
protocol TransformerNetwork: Module {
  /// The layers compiled for the CPU.
  /// - Throws: ``IeumError`` (system) where this CPU has no fast products in the precision.
  func compiledLayers(_ precision: InferencePrecision) throws -> TransformerStack
}

/// An image network of that kind.
protocol ImageTransformer: ImageNetwork, TransformerNetwork {
  /// The forward pass, layer by layer.
  func chain(_ pixels: Tensor) -> LayerChain
  /// Places of an image between the layers.
  var tokens: Int { get }
}

/// How a frozen transformer is carried out: its layers compiled on a CPU, libtorch's operators elsewhere.
struct FrozenLayers {
  /// Why the layers are not compiled for this CPU, where that makes them slower than they could be.
  let slowdown: String?
  private let stack: TransformerStack?
  private let precision: InferencePrecision
  private let device: Device

  init(
    _ network: some TransformerNetwork, owner: String, device: Device, precision: InferencePrecision,
    compiled: Bool = true
  ) {
    (self.device, self.precision) = (device, precision)
    guard compiled, device == .cpu else {
      (stack, slowdown) = (nil, nil)
      return
    }
    do {
      stack = try network.compiledLayers(precision)
      slowdown = nil
    } catch {
      stack = nil
      slowdown = "\(owner) runs operator by operator: \((error as? IeumError)?.problem ?? "\(error)")"
    }
  }

  /// The result of a chain, without gradients.
  /// - Parameter lengths: the places of each row that hold something.
  func callAsFunction(_ chain: () throws -> LayerChain, lengths: [Int]) throws -> Tensor {
    try noGrad {
      if let stack { return try chain()(through: stack, lengths: lengths) }
      return try precision == .f32
        ? chain()() : TensorRuntime.autocast(.bfloat16, device: device) { try chain()() }
    }
  }
}

extension LayerChain {
  /// The result, with the layers carried out by their compiled form.
  func callAsFunction(through stack: TransformerStack, lengths: [Int]) throws -> Tensor {
    let first = try Stages.time("embeddings") { try start() }
    let last = try stack(first, lengths: lengths)
    return try Stages.time("pooling") { try end(last) }
  }
}

extension TransformerActivation {
  var compiled: TransformerStack.Activation {
    switch self {
    case .gelu: .gelu
    case .relu: .relu
    case .geluNew, .geluTanh: .geluTanh
    case .quickGELU: .quickGELU
    }
  }
}

extension Kernel {
  var linear: TransformerStack.Linear { .init(weight, bias) }
}

extension TransformerShape {
  /// The stack of these blocks.
  func compiled(
    _ blocks: [ResidualAttentionBlock], isCausal: Bool, _ precision: InferencePrecision
  ) throws -> TransformerStack {
    try TransformerStack(
      .init(
        width: width, heads: heads, hidden: hidden, activation: activation.compiled, normalisesFirst: true,
        isCausal: isCausal, epsilon: epsilon),
      layers: blocks.map(\.compiled), precision: precision)
  }
}
