import Basics
import Datasets
import Foundation
import Models
import Tensors
import Weights

/// The towers of a cell: how they start, and how their texts become tokens.
struct ClipTowerFiles {
  /// Side of the image tower's input.
  let side: Int
  let tokens: ClipTokens
  private let task: ClipTask
  private let image: WeightFile?
  private let text: WeightFile?
  private let vision: VisionTransformerConfig
  /// Sizes of a text tower that starts at random.
  private let textSizes: ClipTextConfig

  /// - Throws: ``IeumError``: data for weights or vocabularies that cannot be read, usage for sizes that make no network.
  init(_ task: ClipTask) throws {
    self.task = task
    image = try task.imageWeights.map { try WeightFile.read($0) }
    // Both towers of CLIP lie in one file, which is read once.
    let isOneFile = task.textWeights == task.imageWeights
    text = try isOneFile ? image : task.textWeights.map { try WeightFile.read($0) }
    vision = try image.map { try ClipTowers.vision($0).config } ?? Self.vision(task)
    side = vision.side
    var sizes = try Self.text(task, dimension: vision.dimension)
    if let files = try ClipTokens.files(task) {
      tokens = try ClipTokens(
        files, encoder: task.clips.text.encoder, words: task.words, known: Self.known(text, task))
    } else {
      tokens = try ClipTokens.learnt(ClipData.trainingTexts(task), size: sizes.vocabulary, words: task.words)
    }
    sizes.vocabulary = tokens.vocabulary
    textSizes = sizes
  }

  private static func vision(_ task: ClipTask) throws -> VisionTransformerConfig {
    let values = task.imageValues
    var config = VisionTransformerConfig()
    (config.side, config.patch, config.output) = (values.int("side"), values.int("patch"), values.int("dimension"))
    config.transformer = try shape(values, "image.parameters")
    return config
  }

  private static func text(_ task: ClipTask, dimension: Int) throws -> ClipTextConfig {
    let values = task.textValues
    var config = ClipTextConfig()
    (config.positions, config.output, config.vocabulary) = (task.words, dimension, values.int("vocabulary"))
    config.transformer = try shape(values, "text.parameters")
    return config
  }

  private static func shape(_ values: Parameters, _ place: String) throws -> TransformerShape {
    let width = values.int("width")
    guard width > 0, width % 64 == 0, values.int("layers") > 0 else {
      throw IeumError(
        .usage, "\(values.int("layers")) layers of width \(width) cannot be made", place: place,
        remedy: "give a width that is a multiple of 64, and one layer or more")
    }
    return TransformerShape(width: width, layers: values.int("layers"), heads: width / 64)
  }

  /// The sizes of a text tower of CLIP that is given.
  private static func known(_ text: WeightFile?, _ task: ClipTask) throws -> ClipTextConfig? {
    guard let text, task.clips.text.encoder == "clip-text" else { return nil }
    return try ClipTowers.text(text).config
  }

  /// The network as it is before training.
  func network(seed: Int) throws -> Clip4ClipNetwork {
    var generator = SeededGenerator(seed: UInt64(seed), purpose: "init")
    let tower = try image.map { try ClipTowers.vision($0) } ?? VisionTransformer(vision, generator: &generator)
    let side: ClipTextSide
    if let text {
      side = task.clips.text.encoder == "clip-multilingual"
        ? .multilingual(try ClipTowers.multilingual(text, config: task.textConfig ?? "").network)
        : .clip(try ClipTowers.text(text))
    } else {
      side = .clip(try ClipTextNetwork(textSizes, generator: &generator))
    }
    let scale = try image.flatMap { try ClipTowers.logitScale($0) }.map { exp($0) }
    let network = try Clip4ClipNetwork(
      vision: tower, text: side, head: task.head, layers: task.modelValues.int("layers"),
      positions: max(77, task.frames + 1), scale: scale ?? 1 / 0.07, generator: &generator)
    // A multilingual side has no layers to start a head from; the text tower beside the image tower has.
    let isForeign = task.clips.text.encoder == "clip-multilingual" && task.head != .meanP
    try network.startHead(from: isForeign ? image.flatMap { try? ClipTowers.text($0) } : nil)
    return network
  }
}
