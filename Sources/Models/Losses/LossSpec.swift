import Basics
import Tensors

/// The card of a loss: what it is called, reads and takes; the only place where its defaults are written.
public struct LossSpec: Sendable {
  /// How the embeddings have to be arranged.
  public enum Input: String, Sendable {
    case triplets
    case pairs
    /// Pairs with several candidate positives per anchor.
    case bags
    /// Image, audio and text.
    case modalities
    case labelledPairs = "labelled-pairs"

    /// The embedding datasets read by `ieum loss`, in order.
    public var names: [String] {
      switch self {
      case .triplets: ["anchors", "positives", "negatives"]
      case .pairs, .bags: ["anchors", "positives"]
      case .modalities: ["image", "audio", "text"]
      case .labelledPairs: ["left", "right"]
      }
    }
  }

  public let name: String
  public let input: Input
  /// Its own parameters, then `reduction` and `normalize`, which every loss has.
  public let parameters: [ParameterSpec]
  public let summary: String
  /// Authors, year and equation.
  public let source: String
  /// The way negatives are chosen in training, for losses that fix it.
  public let fixedMining: Mining?
  /// Whether queued embeddings can serve as further negatives.
  public let readsQueue: Bool
  private let make: @Sendable (Parameters) throws -> any EmbeddingLoss

  public init(
    name: String, input: Input, parameters: [ParameterSpec], summary: String, source: String,
    fixedMining: Mining? = nil, readsQueue: Bool = false,
    make: @escaping @Sendable (Parameters) throws -> any EmbeddingLoss
  ) {
    self.name = name
    self.input = input
    self.parameters = parameters + [Reduction.parameter, LossFunction.normalizeParameter]
    self.summary = summary
    self.source = source
    self.fixedMining = fixedMining
    self.readsQueue = readsQueue
    self.make = make
  }

  /// The loss with these settings, defaults filled in.
  /// - Throws: ``IeumError`` (usage) for an unknown parameter or a bad value.
  public func loss(_ given: [String: Scalar] = [:]) throws -> LossFunction {
    let values = try Parameters(given, specs: parameters, owner: "loss '\(name)'")
    let reduction = Reduction(rawValue: values.string("reduction")) ?? .mean
    return LossFunction(
      name: name, loss: try make(values), reduction: reduction, normalize: values.bool("normalize"))
  }

  /// The loss as it is used in item-to-item training (hong2022), on embeddings and a relevance matrix.
  /// - Parameters:
  ///   - given: settings, as in ``loss(_:)``.
  ///   - mining: how negatives are chosen; ignored by in-batch pair losses; losses that fix it refuse
  ///   another.
  ///   - positivesPerAnchor: at most so many of an anchor's positives make triplets (all of them under
  ///   `.all`).
  public func trainingLoss(
    _ given: [String: Scalar] = [:], mining: Mining? = nil, positivesPerAnchor: Int = 4
  ) throws -> BatchLoss {
    if let fixedMining, let mining, mining != fixedMining {
      throw IeumError(
        .usage, "mining '\(mining.rawValue)' does not go with this loss", place: "loss '\(name)'",
        remedy: "leave mining out, or use the loss 'triplet' with it")
    }
    let values = try Parameters(given, specs: parameters, owner: "loss '\(name)'")
    return BatchLoss(
      function: try loss(given), form: itemForm,
      distance: try values.values["distance"].map { _ in try RowDistance(values) } ?? .euclidean,
      margin: values.values["margin"] == nil ? BatchLoss.defaultRegion : values.double("margin"),
      mining: fixedMining ?? mining ?? .random, positivesPerAnchor: max(1, positivesPerAnchor))
  }
}

extension LossSpec {
  /// What item-to-item training hands to the loss.
  fileprivate var itemForm: Input {
    if fixedMining != nil { return .triplets }
    return input == .bags || input == .modalities ? .pairs : input
  }
}

extension ParameterSpec {
  /// The margin of a hinge.
  static func margin(_ value: Double) -> ParameterSpec {
    ParameterSpec(
      "margin", default: .double(value), "margin of the hinge, in units of the distance or similarity")
  }
}
