import Tensors

/// The non-linearity between the two layers of a transformer's perceptron, under Hugging Face's names.
public enum TransformerActivation: String, Sendable, CaseIterable {
  case gelu, relu
  /// GELU by its tanh approximation.
  case geluNew = "gelu_new"
  case geluTanh = "gelu_pytorch_tanh"
  /// x·σ(1.702·x), the one of CLIP.
  case quickGELU = "quick_gelu"

  func callAsFunction(_ x: Tensor) throws -> Tensor {
    switch self {
    case .gelu: try x.gelu()
    case .relu: try x.relu()
    case .geluNew, .geluTanh: try x.geluTanh()
    case .quickGELU: try x * (x * 1.702).sigmoid()
    }
  }
}
