import Basics
import Tensors

/// The sizes of a stack of ``ResidualAttentionBlock``.
public struct TransformerShape: Sendable, Equatable {
  public var width: Int
  public var layers: Int
  public var heads: Int
  /// Width between the two layers of the perceptron.
  public var hidden: Int
  public var activation = TransformerActivation.quickGELU
  /// Of every normalisation.
  public var epsilon = 1e-5

  public init(width: Int, layers: Int, heads: Int, hidden: Int? = nil) {
    (self.width, self.layers, self.heads) = (width, layers, heads)
    self.hidden = hidden ?? 4 * width
  }

  /// - Throws: ``IeumError`` (data) when the sizes make no network.
  func check(_ place: String) throws {
    guard width > 0, layers >= 0, hidden > 0, heads > 0, width % heads == 0 else {
      throw IeumError(
        .data, "\(heads) heads do not divide a width of \(width), or a size is not positive", place: place,
        remedy: "give the config.json that belongs to the weights")
    }
  }

  func blocks(_ initial: inout InitialWeights) throws -> [ResidualAttentionBlock] {
    var blocks: [ResidualAttentionBlock] = []
    for _ in 0..<layers { blocks.append(try ResidualAttentionBlock(self, &initial)) }
    return blocks
  }
}

/// x + Attention(LN(x)), then x + MLP(LN(x)): one layer of CLIP's transformers, with OpenAI's parameter names.
/// - Source: Radford et al. 2021, "Learning Transferable Visual Models From Natural Language Supervision", 2.4;
///   Vaswani et al. 2017; initial values as published with CLIP.
public final class ResidualAttentionBlock: Module {
  private let shape: TransformerShape
  private let projection, projectionBias: Tensor
  private let output, up, down: Kernel
  private let attentionNorm, perceptronNorm: LayerNorm

  init(_ shape: TransformerShape, _ initial: inout InitialWeights) throws {
    self.shape = shape
    let width = shape.width
    let residual = 1 / (Double(width) * 2 * Double(max(1, shape.layers))).squareRoot()
    projection = try initial.normal([3 * width, width], std: 1 / Double(width).squareRoot())
    projectionBias = try .zeros([3 * width])
    output = try Kernel([width, width], std: residual, hasBias: true, &initial)
    up = try Kernel([shape.hidden, width], std: 1 / (2 * Double(width)).squareRoot(), hasBias: true, &initial)
    down = try Kernel([width, shape.hidden], std: residual, hasBias: true, &initial)
    attentionNorm = try LayerNorm(width, eps: shape.epsilon)
    perceptronNorm = try LayerNorm(width, eps: shape.epsilon)
    super.init()
    parameter("attn.in_proj_weight", projection)
    parameter("attn.in_proj_bias", projectionBias)
    child("attn.out_proj", output)
    child("ln_1", attentionNorm)
    child("mlp.c_fc", up)
    child("mlp.c_proj", down)
    child("ln_2", perceptronNorm)
  }

  var compiled: TransformerStack.Layer {
    .init(
      attention: .init(projection, projectionBias), output: output.linear, up: up.linear, down: down.linear,
      attentionNorm: attentionNorm, perceptronNorm: perceptronNorm)
  }

  /// - Parameters:
  ///   - x: `[N, T, D]`.
  ///   - mask: bool, true = may look: `[N, T]`, or any shape that broadcasts to `[N, heads, T, T]`; nil = all may.
  /// - Returns: `[N, T, D]`.
  public func callAsFunction(_ x: Tensor, mask: Tensor? = nil) throws -> Tensor {
    let parts = try attentionNorm(x).linear(projection, projectionBias).split(shape.width, dim: 2)
    let mixed = try attention(query: parts[0], key: parts[1], value: parts[2], heads: shape.heads, mask: mask)
    let middle = try x + mixed.linear(output.weight, output.bias)
    let wide = try shape.activation(perceptronNorm(middle).linear(up.weight, up.bias))
    return try middle + wide.linear(down.weight, down.bias)
  }
}
