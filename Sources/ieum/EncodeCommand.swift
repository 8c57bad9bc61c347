import ArgumentParser
import Basics
import Datasets
import Foundation
import Harness
import Models
import Tensors

struct EncodeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "encode", abstract: "Features of loose images, films, sounds or sentences.")

  @Option(help: "A registered encoder.") var encoder: String
  @Option(help: "Weight file, or a name of `ieum models list`; images: seeded random weights without it.")
  var weights: String?
  @Option(help: "config.json of a transformer (default: beside the weights).") var config: String?
  @Option(help: "Vocabulary of a text encoder: vocab.txt, tokenizer.json, merges.txt, SentencePiece (default: beside the weights).")
  var tokenizer: String?
  @Option(help: "bert: mean or cls.") var pooling: BertPooling = .mean
  @Option(help: "Text encoders: most tokens of a sentence.") var maxTokens: Int?
  @Option(help: "Seed of random weights.") var seed = 0
  @Option(help: "Arithmetic of the encoder: f32 or bf16.") var precision: InferencePrecision = .f32
  @Option(help: "Where the encoder computes: cpu, cuda or cuda:N.") var device: Device = .cpu
  @Option(help: "Language of the words (word2vec).") var language = "en"
  @Option(help: "The feature file to write.") var out: String
  @Option(help: "Films: how many frames are looked at.") var frames = 12
  @Option(help: "Films: which frames: uniform, clip4clip or fps=r.") var sampling = "uniform"
  @Option(name: .customLong("param"), parsing: .upToNextOption, help: "Audio encoders: key=value. May be repeated.")
  var parameters: [String] = []
  @Option(name: .customLong("text"), help: "A sentence. May be repeated.") var texts: [String] = []
  @Option(help: "A file with one sentence a line.") var textFile: String?
  @Argument(help: "Image, film or sound files.") var inputs: [String] = []
  @OptionGroup var engine: EngineOptions

  func run() throws {
    // `--param a=1 b=2 file`: what is no pair is an input.
    let inputs = parameters.filter { !$0.contains("=") } + inputs
    let parameters = parameters.filter { $0.contains("=") }
    var request = LooseEncoder.Request(encoder: encoder)
    (request.weights, request.config, request.tokenizer) = (weights, config, tokenizer)
    (request.pooling, request.maxTokens, request.seed) = (pooling.rawValue, maxTokens, seed)
    (request.language, request.precision, request.device) = (language, precision, device)
    (request.frames, request.sampling) = (frames, sampling)
    request.parameters = try ieum.parameters(parameters)
    let encode = try encoding(request, inputs)
    try device.check(place: "--device")
    try engine.apply()
    let file = try encode()
    if !file.errors.isEmpty { warn("\(out): \(file.errors.count) input(s) could not be encoded; see /errors") }
    let vectors = file.offsets?.last.map { ", \($0) vectors" } ?? ""
    print("\(out): \(file.ids.count)\(vectors) × \(file.dimension)")
  }

  /// What the encoder calls for, by the registry that knows it.
  private func encoding(_ request: LooseEncoder.Request, _ inputs: [String]) throws -> () throws -> FeatureFile {
    let images = ImageEncoderRegistry.all.map(\.name), sounds = AudioEncoderRegistry.all.map(\.name)
    let sentences = TextEncoderRegistry.all.map(\.name)
    if sentences.contains(encoder) { return { try encodeTexts(request) } }
    guard images.contains(encoder) || sounds.contains(encoder) else {
      throw Suggestion.unknown("encoder", encoder, known: images + sounds + sentences)
    }
    guard !inputs.isEmpty, texts.isEmpty, textFile == nil else {
      throw ValidationError("an image or audio encoder takes files")
    }
    guard request.parameters.isEmpty || sounds.contains(encoder) else {
      throw ValidationError("--param is for audio encoders")
    }
    return {
      let loose = LooseEncoder(request)
      return try images.contains(encoder) ? loose.pictures(inputs, to: out) : loose.sounds(inputs, to: out)
    }
  }

  private func encodeTexts(_ request: LooseEncoder.Request) throws -> FeatureFile {
    guard inputs.isEmpty, texts.isEmpty != (textFile == nil) else {
      throw ValidationError("a text encoder takes either --text or --text-file")
    }
    var lines = texts.enumerated().map { (id: String($0.offset + 1), text: Optional($0.element)) }
    if let textFile { lines = try read(textFile) }
    return try LooseEncoder(request).sentences(lines, to: out)
  }

  /// A line ends at \n or \r\n; an empty line is a row too; a line that is not UTF-8 is recorded, not fatal.
  private func read(_ path: String) throws -> [(id: String, text: String?)] {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw IeumError(.data, "cannot be read", file: path, remedy: "check the path")
    }
    var pieces = data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    if pieces.last?.isEmpty == true { pieces.removeLast() }
    return pieces.enumerated().map { index, piece in
      let line = piece.last == UInt8(ascii: "\r") ? piece.dropLast() : piece
      return (String(index + 1), String(validating: line, as: UTF8.self))
    }
  }
}

extension BertPooling: ExpressibleByArgument {}
