import Basics
import Tensors

/// The part of a tower that turns its input into features, before pooling over frames and the projection head.
public protocol Trunk: Module {
  /// Width D of its features.
  var dimension: Int { get }
  /// `[N, D]`, or `[N, F, D]` where the input has frames.
  /// - Throws: ``IeumError`` (data) for an input of another form.
  func features(_ input: Tensor) throws -> Tensor
}

/// Stored features, as they are: `[N, D]` or `[N, F, D]`.
public final class StoredTrunk: Module, Trunk {
  public let dimension: Int

  public init(dimension: Int) {
    self.dimension = dimension
    super.init()
  }

  public func features(_ input: Tensor) throws -> Tensor {
    guard input.rank == 2 || input.rank == 3, input.shape.last == dimension else {
      throw IeumError(
        .data, "features of shape \(input.shape) do not fit a tower for [N, \(dimension)]",
        remedy: "use the encoder that the model was made with")
    }
    return input
  }
}

/// An image network trained with the rest: pixels `[N, 3, S, S]` or `[N, F, 3, S, S]`.
public final class ImageTrunk: Module, Trunk {
  public let dimension: Int
  private let network: any ImageNetwork

  public init(_ network: any ImageNetwork, dimension: Int) {
    (self.network, self.dimension) = (network, dimension)
    super.init()
    child("network", network)
  }

  public func features(_ input: Tensor) throws -> Tensor {
    guard input.rank == 4 || input.rank == 5 else {
      throw IeumError(.data, "pixels of shape \(input.shape) are not [N, 3, S, S] or [N, F, 3, S, S]")
    }
    if input.rank == 4 { return try network.features(input.channelsLast()) }
    let (rows, frames) = (input.shape[0], input.shape[1])
    let flat = try network.features(input.flatten(from: 0, to: 1).channelsLast())
    return try flat.reshape([rows, frames, dimension])
  }
}

/// An image network on log-mel spectrograms `[N, 1, M, T]`, the one channel repeated three times.
///
/// Choice: the log-mel values are first normalised over the batch (running statistics in evaluation), since the network
/// starts from ImageNet's weights and expects inputs of that size.
/// - Source: half2020, audio network (ResNet-18, ImageNet).
public final class SpectrogramTrunk: Module, Trunk {
  public let dimension: Int
  private let network: any ImageNetwork
  private let scale: BatchNorm2d

  public init(_ network: any ImageNetwork, dimension: Int) throws {
    (self.network, self.dimension) = (network, dimension)
    scale = try BatchNorm2d(1)
    super.init()
    child("scale", scale)
    child("network", network)
  }

  public func features(_ input: Tensor) throws -> Tensor {
    guard input.rank == 4, input.shape[1] == 1 else {
      throw IeumError(.data, "spectrograms of shape \(input.shape) are not [N, 1, mel, time]")
    }
    let shape = input.shape
    return try network.features(scale(input).expand([shape[0], 3, shape[2], shape[3]]).channelsLast())
  }
}

/// A text network on word ids int64 `[N, T]`.
public final class TextTrunk: Module, Trunk {
  public let dimension: Int
  private let network: (Tensor) throws -> Tensor

  public init(_ module: Module, dimension: Int, features: @escaping (Tensor) throws -> Tensor) {
    (network, self.dimension) = (features, dimension)
    super.init()
    child("network", module)
  }

  public convenience init(_ cnn: TextCNN) { self.init(cnn, dimension: cnn.dimension) { try cnn.features($0) } }

  public convenience init(_ recurrent: RecurrentText) {
    self.init(recurrent, dimension: recurrent.dimension) { try recurrent.features($0) }
  }

  public func features(_ input: Tensor) throws -> Tensor { try network(input) }
}
