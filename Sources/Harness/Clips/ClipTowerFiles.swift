import Basics
import Datasets
import Foundation
import Models
import Tensors
import Weights

/// The towers of a cell: how they start, and how their texts become tokens.
struct ClipTowerFiles {
  /// Text to token ids.
  struct Tokens: Sendable {
    let padding: Int
    let encode: @Sendable (String) throws -> [Int]
    /// The merge file of a learnt vocabulary.
    let merges: String?
  }

  /// Side of the image tower's input.
  let side: Int
  let tokens: Tokens
  private let task: ClipTask
  private let image: WeightFile?
  private let text: WeightFile?
  private let vision: VisionTransformerConfig
  /// Sizes of a text tower that starts at random.
  private let textSizes: ClipTextConfig
  private let textConfig: String

  /// - Throws: ``IeumError``: data for weights or vocabularies that cannot be read, usage for sizes that make no network.
  init(_ task: ClipTask) throws {
    self.task = task
    image = try task.imageWeights.map { try WeightFile.read($0) }
    text = try task.textWeights.map { path in
      try path == task.imageWeights ? nil : WeightFile.read(path)
    } ?? (task.textWeights == nil ? nil : image)
    vision = try image.map { try ClipTowers.vision($0).config } ?? Self.vision(task)
    side = vision.side
    var sizes = try Self.text(task, dimension: vision.dimension)
    textConfig = task.textWeights.map { ($0 as NSString).deletingLastPathComponent + "/config.json" } ?? ""
    if task.clips.text.encoder == "clip-multilingual", let path = task.textWeights {
      tokens = try Self.pieces(path, task, config: textConfig)
    } else {
      tokens = try Self.bytes(task, &sizes)
    }
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

  private static func pieces(_ path: String, _ task: ClipTask, config: String) throws -> Tokens {
    let config = try BertConfig(file: config)
    let tokenizer = try BertTokenizerFile.open(task.tokenizer, weights: path, isRoberta: config.firstPosition > 0)
    let limit = min(task.words, config.maxTokens)
    return Tokens(padding: config.padTokenID, encode: { try tokenizer.encode($0, maxTokens: limit) }, merges: nil)
  }

  /// CLIP's vocabulary where its weights are given, otherwise one learnt from the training texts.
  private static func bytes(_ task: ClipTask, _ sizes: inout ClipTextConfig) throws -> Tokens {
    let limit = task.words
    var file = task.tokenizer
    if file == nil, let weights = task.textWeights {
      file = ClipTokenizer.beside(weights: weights) ?? FrozenText.cachedVocabulary(task.cache)
      guard file != nil else {
        throw IeumError(
          .data, "no vocabulary lies beside the weights", file: weights,
          remedy: "put bpe_simple_vocab_16e6.txt.gz there, name it as text.tokenizer, or run `make weights`")
      }
    }
    if let file {
      let tokenizer = try ClipTokenizer(file: file)
      sizes.vocabulary = tokenizer.vocabularySize
      return Tokens(padding: 0, encode: { try tokenizer.encode($0, maxTokens: limit) }, merges: nil)
    }
    let (tokenizer, merges) = try ClipTokenizer.learn(ClipData.trainingTexts(task), size: sizes.vocabulary)
    sizes.vocabulary = tokenizer.vocabularySize
    return Tokens(padding: 0, encode: { try tokenizer.encode($0, maxTokens: limit) }, merges: merges)
  }

  /// The network as it is before training.
  func network(seed: Int) throws -> Clip4ClipNetwork {
    var generator = SeededGenerator(seed: UInt64(seed), purpose: "init")
    let tower = try image.map { try ClipTowers.vision($0) } ?? VisionTransformer(vision, generator: &generator)
    let side: ClipTextSide
    if let text {
      side = task.clips.text.encoder == "clip-multilingual"
        ? .multilingual(try ClipTowers.multilingual(text, config: textConfig).network)
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
