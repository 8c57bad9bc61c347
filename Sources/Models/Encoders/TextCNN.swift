import Basics
import Tensors

/// A sentence as a 1-D convolutional network over its word vectors: parallel convolutions over time, ReLU, the maximum over
/// time of each channel.
///
/// The word vectors stay as they are unless asked to be trained. Padding is a row of zeros.
/// - Source: half2020, text network (1-D CNN over 16 × 300 word vectors; it gives no sizes). Choice: the layout of
///   Kim 2014, "Convolutional Neural Networks for Sentence Classification", with kernels of 1, 2, 3 and 5 words.
public final class TextCNN: Module {
  /// Width of a sentence's vector.
  public let dimension: Int
  private let words: Tensor
  private let convolutions: [Conv1d]

  public static let spec = TextEncoderSpec(
    name: "text-cnn", summary: "1-D convolutions over the word vectors of a sentence cut or padded to a fixed length",
    source: "half2020; Kim 2014, Convolutional Neural Networks for Sentence Classification (EMNLP)",
    input: .wordVectors(length: 16), isTrainable: true, dimension: nil,
    parameters: [
      ParameterSpec("length", default: .int(16), "words of a sentence, exactly: cut or padded"),
      ParameterSpec("stopWords", default: .string("remove"), "whether stop words are removed first", choices: ["remove", "keep"]),
      ParameterSpec("kernels", default: .string("1,2,3,5"), "words under each convolution"),
      ParameterSpec("filters", default: .int(256), "channels of each convolution"),
      ParameterSpec("trainWords", default: .bool(false), "train the word vectors too"),
    ])

  /// - Parameters:
  ///   - vectors: `[V, D]` row-major: the vocabulary's word vectors; row 0 is the padding and becomes zero.
  ///   - kernels: words under each convolution, each at most the sentence's length.
  public init(
    vectors: [Float], dimension wordDimension: Int, kernels: [Int], filters: Int, trainWords: Bool = false,
    generator: inout SeededGenerator
  ) throws {
    let isWhole = wordDimension > 0 && !vectors.isEmpty && vectors.count % wordDimension == 0
    guard isWhole, !kernels.isEmpty, kernels.allSatisfy({ $0 > 0 }), filters > 0 else {
      throw IeumError(
        .usage, "kernels \(kernels) of \(filters) filters over \(vectors.count) values make no network",
        place: "encoder 'text-cnn'", remedy: "give kernels and filters greater than 0 and a table of word vectors")
    }
    let table = [Float](repeating: 0, count: wordDimension) + vectors.dropFirst(wordDimension)
    words = try Tensor(table, shape: [table.count / wordDimension, wordDimension])
    var layers: [Conv1d] = []
    for kernel in kernels {
      let layer = try Conv1d(wordDimension, filters, kernel: kernel, padding: kernel / 2, generator: &generator)
      try startNeutral(layer.weight, layer.bias, gain: 2)
      layers.append(layer)
    }
    convolutions = layers
    dimension = filters * kernels.count
    super.init()
    if trainWords { parameter("words.weight", words) } else { buffer("words.weight", words) }
    for (index, layer) in layers.enumerated() { child("conv\(index + 1)", layer) }
  }

  /// - Parameter ids: int64 `[N, T]`, rows of the table, 0 = padding.
  /// - Returns: `[N, dimension]`.
  public func features(_ ids: Tensor) throws -> Tensor {
    guard ids.rank == 2 else {
      throw IeumError(.data, "word ids of shape \(ids.shape) are not [N, T]", place: "encoder 'text-cnn'")
    }
    let sentence = try words.embedding(ids, paddingIndex: 0).transposed(1, 2)
    let pooled = try convolutions.map { try $0(sentence).relu().amax(dim: 2) }
    return try Tensor.cat(pooled, dim: 1)
  }

  /// The kernel sizes of a comma-separated list.
  /// - Throws: ``IeumError`` (usage) for anything but positive integers.
  public static func kernels(_ text: String) throws -> [Int] {
    let parts = text.split(separator: ",").map { Int($0.filter { $0 != " " }) }
    let sizes = parts.compactMap { $0 }
    guard sizes.count == parts.count, !sizes.isEmpty, sizes.allSatisfy({ $0 > 0 }) else {
      throw IeumError(
        .usage, "parameter 'kernels' cannot be '\(text)'", place: "encoder 'text-cnn'",
        remedy: "give integers such as 1,2,3")
    }
    return sizes
  }
}
