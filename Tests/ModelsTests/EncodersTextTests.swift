import Basics
import Foundation
import Models
import Tensors
import Testing
import Weights

/// BERT against Hugging Face's transformers; recurrent encoders and word averages against their definitions.
struct EncodersTextTests {
  struct Reference: Decodable {
    struct Case: Decodable {
      let config: [String: Value]
      let mean: [[Double]]
      let cls: [[Double]]
    }
    let sentences: [[Int]]
    let cases: [Case]
  }

  enum Value: Codable {
    case number(Double), text(String)

    init(from decoder: Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let number = try? container.decode(Double.self) { self = .number(number) } else { self = .text(try container.decode(String.self)) }
    }

    func encode(to encoder: Encoder) throws {
      var container = encoder.singleValueContainer()
      switch self {
      case .number(let number): try container.encode(number)
      case .text(let text): try container.encode(text)
      }
    }
  }

  /// Config and weights of a reference case as files, with the old names and heads that loading must understand.
  private func write(_ reference: Reference.Case, to folder: ScratchFolder) throws -> (weights: String, config: String) {
    let config = folder.file("config.json")
    try AtomicFile.write(JSONEncoder().encode(reference.config), to: config)
    var generator = SeededGenerator(seed: 1)
    let network = try BertNetwork(BertConfig(file: config), pooling: .mean, generator: &generator)
    var tensors = EncoderFormula.state(of: network).map { tensor in
      var name = "bert." + tensor.name
      if name.hasSuffix("LayerNorm.weight") { name = String(name.dropLast(6)) + "gamma" }
      if name.hasSuffix("LayerNorm.bias") { name = String(name.dropLast(4)) + "beta" }
      return tensor.renamed(name)
    }
    tensors.append(EncoderFormula.tensor("bert.pooler.dense.weight", [32, 32]))
    tensors.append(EncoderFormula.tensor("cls.predictions.bias", [50]))
    let weights = folder.file("bert.safetensors")
    try Safetensors.write(tensors, metadata: [:], to: weights)
    return (weights, config)
  }

  @Test(arguments: BertPooling.allCases)
  func bertAgreesWithTransformers(pooling: BertPooling) throws {
    let reference = try EncoderFormula.golden("encoders-bert", as: Reference.self)
    #expect(reference.cases.count == 3)
    for item in reference.cases {
      let folder = try ScratchFolder()
      let files = try write(item, to: folder)
      let encoder = try BertEncoder.load(weights: files.weights, config: files.config, pooling: pooling)
      let rows = try encoder.encode(ids: reference.sentences)
      let expected = (pooling == .mean ? item.mean : item.cls).flatMap { $0 }
      #expect(rows.count == expected.count)
      #expect(zip(rows, expected).allSatisfy { abs(Double($0) - $1) < 1e-4 })
    }
  }

  @Test func bertRowsDoNotDependOnTheBatch() throws {
    let reference = try EncoderFormula.golden("encoders-bert", as: Reference.self)
    let folder = try ScratchFolder()
    let files = try write(reference.cases[0], to: folder)
    let encoder = try BertEncoder.load(weights: files.weights, config: files.config, pooling: .mean)
    let together = try encoder.encode(ids: reference.sentences)
    encoder.batchSize = 1
    let alone = try encoder.encode(ids: reference.sentences)
    let apart = zip(together, alone).map { abs($0 - $1) }.max() ?? .infinity
    #expect(apart < 1e-6, "largest difference \(apart) of values up to \(together.map(abs).max() ?? 0)")
    #expect(message { _ = try encoder.encode(ids: [[1, 2], []]) }.contains("sentence 1"))
    #expect(message { _ = try encoder.encode(ids: [[1, 50, 2]]) }.contains("token id 50"))
    #expect(message { _ = try encoder.encode(ids: [[Int](repeating: 1, count: 17)]) }.contains("17 tokens"))
    let cls = try BertEncoder.load(weights: files.weights, config: files.config, pooling: .cls)
    #expect(cls.digest != encoder.digest)
  }

  @Test func cutOffAndForeignBertFilesAreRefused() throws {
    let reference = try EncoderFormula.golden("encoders-bert", as: Reference.self)
    let folder = try ScratchFolder()
    let files = try write(reference.cases[0], to: folder)
    let whole = try #require(FileManager.default.contents(atPath: files.weights))
    let cut = folder.file("cut.safetensors")
    try AtomicFile.write(whole.prefix(whole.count - 100), to: cut)
    #expect(message { _ = try BertEncoder.load(weights: cut, config: files.config, pooling: .mean) }.contains(cut))
    let config = folder.file("other.json")
    for (text, key) in [
      (#"{"model_type": "gpt2"}"#, "model_type"), (#"{"hidden_size": 30, "num_attention_heads": 4}"#, "num_attention_heads"),
      (#"{"hidden_act": "swish"}"#, "hidden_act"), (#"{"vocab_size": "many"}"#, "vocab_size"),
    ] {
      try AtomicFile.write(text, to: config)
      #expect(message { _ = try BertConfig(file: config) }.contains("'\(key)'"))
    }
  }

  /// Published MiniLM weights, when IEUM_MINILM names the folder that holds them.
  @Test(.enabled(if: ProcessInfo.processInfo.environment["IEUM_MINILM"] != nil))
  func miniLMGivesPublishedValues() throws {
    let folder = try #require(ProcessInfo.processInfo.environment["IEUM_MINILM"])
    let encoder = try BertEncoder.load(
      weights: folder + "/model.safetensors", config: folder + "/config.json", pooling: .mean)
    let rows = try encoder.encode(ids: [[101, 1037, 2304, 9001, 1012, 102], [101, 1037, 3899, 19372, 102]])
    let expected = [[-0.031515, 0.060142, -0.090009, 0.070398], [0.023197, -0.015960, 0.043166, 0.076520]]
    for (index, values) in expected.enumerated() {
      let row = rows[index * 384..<(index + 1) * 384].map(Double.init)
      let norm = row.reduce(0) { $0 + $1 * $1 }.squareRoot()
      for (value, wanted) in zip(row, values) { #expect(abs(value / norm - wanted) < 1e-4) }
    }
  }

  @Test(arguments: RecurrentText.Kind.allCases)
  func recurrentRowsDoNotDependOnPadding(kind: RecurrentText.Kind) throws {
    var generator = SeededGenerator(seed: 3)
    let network = try RecurrentText(kind: kind, vocabularySize: 12, embedding: 5, hidden: 7, generator: &generator)
    network.train(false)
    let short = try network.features(Tensor([3, 4, 9], shape: [1, 3])).floats()
    let padded = try network.features(Tensor([3, 4, 9, 0, 0, 1, 2, 3, 4, 5, 0, 0, 0, 0, 0], shape: [3, 5]))
    #expect(padded.shape == [3, 7])
    let values = try padded.floats()
    #expect(zip(short, values).allSatisfy { abs($0 - $1) < 1e-6 })
    #expect(values[14...].allSatisfy { $0 == 0 })
    #expect(values[7..<14].contains { abs($0) > 1e-3 })
    // The order of the words matters.
    let swapped = try network.features(Tensor([9, 4, 3], shape: [1, 3])).floats()
    #expect(zip(short, swapped).contains { abs($0 - $1) > 1e-3 })
    let names = network.namedParameters().map(\.0)
    #expect(names.prefix(2) == ["words.weight", "cell.weight_ih_l0"])
  }

  @Test func wordAverageCountsRepeatsAndSkipsUnknownWords() throws {
    let folder = try ScratchFolder()
    let path = folder.file("vectors.txt")
    try AtomicFile.write("3 2\ncat 1 2\ndog 3 -4\nthe 0.5 0\n", to: path)
    let encoder = try WordVectorAverage.load(path)
    let (rows, unknown) = encoder.encode([["cat", "dog", "dog", "unicorn"], [], ["Cat"]])
    #expect(unknown == 1)
    #expect(encoder.dimension == 2)
    let wanted: [Float] = [2.3333333, -2, 0, 0, 1, 2]
    #expect(zip(rows, wanted).allSatisfy { abs($0 - $1) < 1e-6 })
    #expect(rows.count == 6)
  }

  @Test func registryListsTheTextEncoders() throws {
    let names = ["word2vec", "rnn", "lstm", "gru", "text-cnn", "bert", "bert-ngrams", "clip-text", "clip-multilingual"]
    #expect(TextEncoderRegistry.all.map(\.name) == names)
    #expect(TextEncoderRegistry.all.filter(\.isTrainable).map(\.name) == ["rnn", "lstm", "gru", "text-cnn"])
    #expect(try TextEncoderRegistry.named("lstm").input == .wordIDs(length: 20))
    #expect(message { _ = try TextEncoderRegistry.named("brt") }.contains("did you mean 'bert'?"))
  }

  @Test func ngramsBringWordsOfSharedSyllablesTogether() {
    let ngrams = CharacterNgrams(dimension: 512)
    func similarity(_ first: String, _ second: String) -> Float {
      zip(ngrams.encode(first), ngrams.encode(second)).reduce(0) { $0 + $1.0 * $1.1 }
    }
    #expect(abs(similarity("작은 강아지", "작은 강아지") - 1) < 1e-5)
    #expect(similarity("강아지", "강아지들") > 0.4)
    #expect(abs(similarity("강아지", "자동차")) < 0.2)
    #expect(similarity("Penguin!", "penguin") > 0.999)
    // Decomposed letters are the same word.
    #expect(ngrams.encode("강아지") == ngrams.encode("강아지".decomposedStringWithCanonicalMapping))
    #expect(ngrams.encode("…").allSatisfy { $0 == 0 })
  }
}
