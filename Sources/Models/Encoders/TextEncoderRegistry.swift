import Basics

/// What a text encoder is fed with.
public enum TextInput: Sendable, Equatable {
  /// The words of a sentence as strings.
  case words
  /// Ids of a vocabulary built from the training texts, cut or padded with 0 to `length`.
  case wordIDs(length: Int)
  /// Rows of a table of word vectors, cut or padded with 0 to `length`.
  case wordVectors(length: Int)
  /// Ids of the pretrained model's own subword tokenizer.
  case subwords
}

/// A registered text encoder: what it is called, what it takes and gives.
public struct TextEncoderSpec: Sendable {
  public let name: String
  public let summary: String
  /// The paper that describes it.
  public let source: String
  public let input: TextInput
  /// Always learnt together with the joint model (true), or frozen unless the configuration says `train: true`.
  public let isTrainable: Bool
  /// Length of a sentence vector by default; nil where the weights decide.
  public let dimension: Int?
  public let parameters: [ParameterSpec]
}

/// All text encoders, in the order in which lists show them.
public enum TextEncoderRegistry {
  public static let all: [TextEncoderSpec] = [
    TextEncoderSpec(
      name: "word2vec", summary: "Mean of pretrained word vectors",
      source: "Mikolov et al. 2013, Distributed Representations of Words and Phrases (NIPS)", input: .words,
      isTrainable: false, dimension: nil,
      parameters: [ParameterSpec("dimension", default: .int(300), "width of a word's vector, where none are given")]),
    recurrent("rnn", "Elman network over word ids, last state", "Elman 1990, Finding Structure in Time"),
    recurrent("lstm", "Long short-term memory over word ids, last state",
      "Hochreiter & Schmidhuber 1997, Long Short-Term Memory"),
    recurrent("gru", "Gated recurrent unit over word ids, last state",
      "Cho et al. 2014, Learning Phrase Representations using RNN Encoder-Decoder (EMNLP)"),
    TextCNN.spec,
    TextEncoderSpec(
      name: "bert", summary: "Pretrained bidirectional transformer over subwords",
      source: "Devlin et al. 2019, BERT (NAACL)", input: .subwords, isTrainable: false, dimension: nil,
      parameters: [
        pooling,
        ParameterSpec("layers", default: .int(2), "transformer layers, where it is trained from random weights"),
        ParameterSpec("hidden", default: .int(128), "width of the states, likewise"),
        ParameterSpec("heads", default: .int(4), "attention heads, likewise"),
      ]),
    TextEncoderSpec(
      name: "bert-ngrams", summary: "The same beside hashed character n-grams, for languages that the weights do not know",
      source: "Devlin et al. 2019, BERT (NAACL); Bojanowski et al. 2017, Enriching Word Vectors with Subword Information (TACL)",
      input: .subwords, isTrainable: false, dimension: nil,
      parameters: [pooling, ParameterSpec("ngrams", default: .int(512), "numbers that the n-grams add to a sentence's vector")]),
    TextEncoderSpec(
      name: "clip-text", summary: "CLIP's text tower over byte-level pieces",
      source: "Radford et al. 2021, Learning Transferable Visual Models From Natural Language Supervision (ICML)",
      input: .subwords, isTrainable: false, dimension: nil, parameters: []),
    TextEncoderSpec(
      name: "clip-multilingual", summary: "Multilingual BERT, DistilBERT or XLM-R projected into CLIP's space",
      source: "Reimers & Gurevych 2020 (EMNLP); Carlsson et al. 2022, Cross-lingual and Multilingual CLIP (LREC)",
      input: .subwords, isTrainable: false, dimension: nil, parameters: []),
  ]

  /// - Throws: ``IeumError`` (usage) with the nearest known name.
  public static func named(_ name: String) throws -> TextEncoderSpec {
    guard let spec = all.first(where: { $0.name == name }) else {
      throw Suggestion.unknown("text encoder", name, known: all.map(\.name))
    }
    return spec
  }

  private static let pooling = ParameterSpec(
    "pooling", default: .string(BertPooling.mean.rawValue), "mean over all tokens, or the [CLS] state",
    choices: BertPooling.allCases.map(\.rawValue))

  /// The sequence length of the hong2022 experiments.
  private static let sequenceLength = 20

  private static func recurrent(_ name: String, _ summary: String, _ source: String) -> TextEncoderSpec {
    TextEncoderSpec(
      name: name, summary: summary, source: source, input: .wordIDs(length: sequenceLength), isTrainable: true,
      dimension: 768,
      parameters: [
        ParameterSpec("embedding", default: .int(300), "width of a word's vector"),
        ParameterSpec("hidden", default: .int(768), "width of the state, which is the sentence's vector"),
      ])
  }
}
