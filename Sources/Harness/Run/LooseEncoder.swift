import Basics
import Datasets
import Foundation
import Models
import Tensors

/// Encodes files or sentences that belong to no dataset, into a feature file (`ieum encode`).
public struct LooseEncoder {
  /// What to encode with.
  public struct Request: Sendable {
    public var encoder: String
    public var weights: String?
    public var config: String?
    public var tokenizer: String?
    public var pooling = "mean"
    public var maxTokens: Int?
    public var seed = 0
    public var precision = InferencePrecision.f32
    public var device = Device.cpu
    public var language = "en"
    /// Of films: how many frames, and which.
    public var frames = 12
    public var sampling = "uniform"
    /// Of audio encoders.
    public var parameters: [String: Scalar] = [:]

    public init(encoder: String) { self.encoder = encoder }
  }

  private let request: Request
  private let cache: Cache

  public init(_ request: Request, cache: Cache = Cache()) {
    self.request = request
    self.cache = cache
  }

  /// What image files or films show; ids are the paths as given. Broken files go to `/errors`.
  ///
  /// Images alone give one row each. If any input is a film, all give a sequence: one row per sampled frame, and an image
  /// counts as a film of one frame.
  /// - Throws: ``IeumError``: data when an input is missing or every one of them fails.
  public func pictures(_ paths: [String], to output: String) throws -> FeatureFile {
    let spec = try ImageEncoderRegistry.named(request.encoder)
    let sampling = try FrameSampling(name: request.sampling, frames: request.frames)
    try refuseMissing(paths)
    let encoder = try ImageEncoder.load(
      spec, weights: try weights(), config: request.config, seed: UInt64(request.seed), device: request.device,
      precision: request.precision)
    if let slowdown = encoder.slowdown { Progress().note("ieum: \(slowdown)") }
    let kinds = Parallel.map(paths) { MediaKind(of: $0) }
    guard kinds.contains(.film) else { return try images(paths, with: encoder, to: output) }
    let parts = zip(paths, kinds).map { path, kind in
      MediaPart(id: path, source: kind == .still ? .stills([path]) : .file(path, start: nil, end: nil))
    }
    return try sequences(FilmFrames(encoder, sampling: sampling), parts, to: output)
  }

  /// What sound files or films sound like; ids are the paths as given.
  /// - Throws: as ``pictures(_:to:)``.
  public func sounds(_ paths: [String], to output: String) throws -> FeatureFile {
    let frames = try SoundFrames(
      request.encoder, parameters: request.parameters, weights: try weights(), seed: request.seed,
      device: request.device)
    try refuseMissing(paths)
    let parts = paths.map { MediaPart(id: $0, source: .file($0, start: nil, end: nil)) }
    return try sequences(frames, parts, to: output)
  }

  private func sequences(_ encoder: some MediaEncoder, _ parts: [MediaPart], to output: String) throws -> FeatureFile {
    let writer = try writer(
      output, encoder.modality, encoder.dimension, encoder.digest, sequences: encoder.isSequence)
    try encoder.fill(writer, parts, progress: Progress())
    return try finished(writer, parts.map(\.id))
  }

  private func refuseMissing(_ paths: [String]) throws {
    for path in paths where !FileManager.default.fileExists(atPath: path) {
      throw IeumError(.data, "no such file", file: path, remedy: "check the path")
    }
  }

  private func images(_ paths: [String], with encoder: ImageEncoder, to output: String) throws -> FeatureFile {
    let writer = try writer(output, .image, encoder.dimension, ImageDecoder.joined(to: encoder.digest))
    let (preprocessing, batch) = (encoder.preprocessing, 32)
    let images = Ahead(paths, window: 2 * batch) { path in
      Result { try ImagePreprocessor.apply(ImageDecoder.decode(path), preprocessing) }
    }
    for start in stride(from: 0, to: paths.count, by: batch) {
      let piece = paths[start..<min(start + batch, paths.count)]
      let decoded = piece.compactMap { _ in images.next() }
      var (pixels, ids): ([Float], [String]) = ([], [])
      for (path, result) in zip(piece, decoded) {
        switch result {
        case .success(let image):
          pixels += image
          ids.append(path)
        case .failure(let error): try writer.fail(path, "\(error)")
        }
      }
      if !ids.isEmpty { try writer.append(ids, features: try encoder.encode(pixels: pixels, count: ids.count)) }
    }
    return try finished(writer, paths)
  }

  /// One row per sentence; a `nil` sentence could not be read and goes to `/errors`.
  public func sentences(_ lines: [(id: String, text: String?)], to output: String) throws -> FeatureFile {
    let (encode, digest) = try textEncoder()
    let writer = try writer(output, .text, encode.dimension, digest)
    let readable = lines.compactMap { line in line.text.map { (line.id, $0) } }
    for line in lines where line.text == nil { try writer.fail(line.id, "is not UTF-8") }
    for ((id, _), result) in zip(readable, try encode.vectors(readable.map(\.1))) {
      switch result {
      case .success(let vector): try writer.append([id], features: vector)
      case .failure(let error): try writer.fail(id, error.problem)
      }
    }
    return try finished(writer, lines.map(\.id))
  }

  private func textEncoder() throws -> (FrozenText, String) {
    let spec = try TextEncoderRegistry.named(request.encoder)
    try request.precision.check(text: spec, place: "--precision")
    guard !spec.isTrainable else {
      throw IeumError(
        .usage, "'\(spec.name)' is trained with a joint model and has no weights of its own", place: "--encoder",
        remedy: "use word2vec, bert or bert-ngrams, or run an experiment with it")
    }
    guard let path = try weights() else {
      throw IeumError(.usage, "'\(spec.name)' needs --weights", place: "--weights", remedy: "see `ieum models list`")
    }
    var options = FrozenText.Options()
    (options.config, options.tokenizer) = (request.config, request.tokenizer)
    (options.pooling, options.maxTokens, options.language) = (request.pooling, request.maxTokens, request.language)
    (options.precision, options.device) = (request.precision, request.device)
    let encoder = try FrozenText.open(spec.name, weights: path, options)
    let settings = [request.pooling, try cache.digest(ofFile: path)] + [encoder.tokenizerDigest].compactMap { $0 }
      + request.precision.digestParts
    return (encoder, Digest.of("\(spec.name) 1 \(settings.joined(separator: " "))"))
  }

  private func weights() throws -> String? {
    try request.weights.flatMap { try WeightCatalog.resolve($0, cache: cache) }
  }

  private func writer(
    _ path: String, _ modality: FeatureAttributes.Modality, _ dimension: Int, _ digest: String, sequences: Bool = false
  ) throws -> FeatureWriter {
    let writer = try FeatureWriter(
      path,
      attributes: FeatureAttributes(
        modality: modality, dataset: "", datasetDigest: "", encoder: request.encoder, encoderDigest: digest,
        dimension: dimension),
      sequences: sequences)
    // Loose inputs have no digest of their own, so parts of an earlier call cannot be trusted.
    guard writer.finishedIDs.isEmpty else {
      writer.discard()
      return try self.writer(path, modality, dimension, digest, sequences: sequences)
    }
    return writer
  }

  private func finished(_ writer: FeatureWriter, _ ids: [String]) throws -> FeatureFile {
    let file = try writer.finish(order: ids)
    if file.ids.isEmpty {
      let reason = file.errors.first.map { "\($0.id): \($0.message)" } ?? "there is no input"
      unlink(file.path)
      throw IeumError(.data, "none of the \(ids.count) input(s) could be encoded; \(reason)")
    }
    return file
  }
}
