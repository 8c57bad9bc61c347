import Basics
import Tensors

/// An image on its way through a convolutional network.
///
/// A network is written once in these terms. ``Tensors/Tensor`` carries them out with libtorch, for training and GPUs;
/// ``TracedMap`` records them, so that a frozen network can be compiled for the CPU.
protocol FeatureMap {
  /// Convolution, normalisation, activation.
  func convolved(by step: ConvNorm) throws -> Self
  /// activation(self convolved and normalised + other); the step has no activation of its own.
  func convolved(by step: ConvNorm, plus other: Self, then activation: Activation) throws -> Self
  /// activation(self + other).
  func plus(_ other: Self, then activation: Activation) throws -> Self
  func maxPooled(kernel: Int, stride: Int, padding: Int) throws -> Self
  /// - Parameter countsPadding: padded pixels count as zeros, and are not left out of the mean.
  func averagePooled(kernel: Int, stride: Int, padding: Int, countsPadding: Bool) throws -> Self
  /// Each channel weighed by its gate.
  func excited(by gate: SqueezeExcitation) throws -> Self
  /// Joined over channels.
  static func concatenated(_ maps: [Self]) throws -> Self
}

extension FeatureMap {
  func convolved(by step: ConvNorm, plus other: Self, then activation: Activation) throws -> Self {
    try convolved(by: step).plus(other, then: activation)
  }
}

/// An image network that ends in the mean over all places.
protocol ConvolutionalNetwork: ImageNetwork {
  /// Everything before that mean: `[3, S, S]` to `[D, H, W]`.
  func trunk<Map: FeatureMap>(_ pixels: Map) throws -> Map
}

extension Tensor: FeatureMap {
  func convolved(by step: ConvNorm) throws -> Tensor { try step.applied(to: self) }

  func convolved(by step: ConvNorm, plus other: Tensor, then activation: Activation) throws -> Tensor {
    try step.applied(to: self, adding: other, then: activation)
  }

  func plus(_ other: Tensor, then activation: Activation) throws -> Tensor { try activation(self + other) }

  func maxPooled(kernel: Int, stride: Int, padding: Int) throws -> Tensor {
    try maxPool2d(kernel: kernel, stride: stride, padding: padding)
  }

  func averagePooled(kernel: Int, stride: Int, padding: Int, countsPadding: Bool) throws -> Tensor {
    try avgPool2d(kernel: kernel, stride: stride, padding: padding, countIncludePad: countsPadding)
  }

  func excited(by gate: SqueezeExcitation) throws -> Tensor { try gate.applied(to: self) }

  static func concatenated(_ maps: [Tensor]) throws -> Tensor { try Tensor.cat(maps, dim: 1) }
}
