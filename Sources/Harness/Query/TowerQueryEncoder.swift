import Basics
import Datasets
import Foundation
import Models
import Tensors
import Weights

/// Queries through trained towers on frozen text and image encoders, and on a sound encoder where there is one.
final class TowerQueryEncoder: QueryEncoder, @unchecked Sendable {
  let dimension: Int
  private let network: TowerNetwork
  private let text: FrozenText
  private let image: ImageEncoder
  private let sampling: FrameSampling
  private let usesSingleFrames: Bool
  /// Nil where the model has no sound side.
  private let sounds: QuerySounds?
  /// The networks keep buffers of their own, so one call works at a time.
  private let lock = NSLock()
  private static let piece = 32

  /// - Throws: ``IeumError`` (data) when weights are missing or are not those that the towers were trained on.
  init(_ card: SearchModel.Card, checkpoint: String, cache: Cache) throws {
    let textWeights = try SearchModel.weights(card.text, cache)
    let imageWeights = try SearchModel.weights(card.image, cache)
    guard let textWeights else {
      throw IeumError(.data, "the text encoder '\(card.text.encoder)' has no weights", file: checkpoint)
    }
    let textValues = try Parameters(
      card.text.scalars, specs: try TextEncoderRegistry.named(card.text.encoder).parameters,
      owner: "encoder '\(card.text.encoder)'")
    text = try FrozenText.open(
      card.text.encoder, weights: textWeights, .init(textValues, language: card.language, precision: .f32))
    let spec = try ImageEncoderRegistry.named(card.image.encoder)
    image = try ImageEncoder.load(spec, weights: imageWeights, seed: UInt64(card.image.seed))
    let values = try Parameters(
      card.image.scalars, specs: FilmFrames.parameters, owner: "encoder '\(card.image.encoder)'")
    sampling = try FrameSampling(name: values.string("sampling"), frames: values.int("frames"))
    usesSingleFrames = card.singleFrames
    var generator = SeededGenerator(seed: 0)
    sounds = try card.audio.map { try QuerySounds($0, cache: cache) }
    var trunks: [Modality: any Trunk] = [
      .text: StoredTrunk(dimension: text.dimension), .image: StoredTrunk(dimension: spec.dimension),
    ]
    trunks[.audio] = sounds?.trunk
    network = try TowerModelRegistry.named(card.model).make(
      card.modelParameters.mapValues { Scalar(parsing: $0) }, trunks: trunks, generator: &generator)
    let tensors = try WeightFile.read(checkpoint).tensors.filter { $0.name.hasPrefix("model.") }
    try network.load(tensors.map { $0.renamed(String($0.name.dropFirst(6))) }, file: checkpoint)
    network.train(false)
    dimension = network.dimension
  }

  func texts(_ texts: [String]) throws -> [Result<[Float], IeumError>] {
    lock.lock()
    defer { lock.unlock() }
    let features = try text.vectors(texts)
    let usable = features.compactMap { try? $0.get() }
    let rows = try usable.isEmpty
      ? [] : embed(.text, Tensor(usable.flatMap { $0 }, shape: [usable.count, text.dimension]))
    var next = 0
    return features.map { feature in
      feature.map { _ in
        next += 1
        return Array(rows[(next - 1) * dimension..<next * dimension])
      }
    }
  }

  var soundRate: Int? { sounds?.rate }

  func media(_ media: [QueryMedia]) throws -> [Result<[Float], IeumError>] {
    var results = [Result<[Float], IeumError>?](repeating: nil, count: media.count)
    for start in stride(from: 0, to: media.count, by: Self.piece) {
      let places = Array(start..<min(start + Self.piece, media.count))
      let heard = places.filter { media[$0].isSound && hearsSound }
      let seen = places.filter { !heard.contains($0) }
      for (place, result) in zip(seen, try piece(seen.map { media[$0] })) { results[place] = result }
      for (place, result) in zip(heard, try heardPiece(heard.map { media[$0] })) { results[place] = result }
    }
    return results.map { $0 ?? .failure(IeumError(.system, "it has no vector")) }
  }

  private func heardPiece(_ media: [QueryMedia]) throws -> [Result<[Float], IeumError>] {
    guard let sounds, !media.isEmpty else { return [] }
    let parts = media.map { item -> MediaPart in
      switch item {
      case .sound(let path, let start, let end): MediaPart(id: path, source: .file(path, start: start, end: end))
      case .samples(let sound): MediaPart(id: "the sound", source: .sound(sound))
      default: MediaPart(id: "", source: .nothing)
      }
    }
    lock.lock()
    defer { lock.unlock() }
    return try sounds.inputs(parts).map { input in
      guard case .success(let rows) = input else { return input.map { _ in [] } }
      return .success(try clip(.audio, rows))
    }
  }

  private func piece(_ media: [QueryMedia]) throws -> [Result<[Float], IeumError>] {
    let preprocessing = image.spec.preprocessing
    let decoded = Parallel.map(media) { item -> Result<[[Float]], IeumError> in
      do {
        let pictures = try item.pictures(sampling)
        guard !pictures.isEmpty else { throw IeumError(.data, "there is nothing to see in it") }
        return .success(try pictures.map { try ImagePreprocessor.apply($0, preprocessing) })
      } catch let error as IeumError {
        return .failure(error)
      } catch { return .failure(IeumError(.data, "\(error)")) }
    }
    lock.lock()
    defer { lock.unlock() }
    let frames = decoded.flatMap { (try? $0.get()) ?? [] }
    var features: [Float] = []
    for start in stride(from: 0, to: frames.count, by: Self.piece) {
      let some = frames[start..<min(start + Self.piece, frames.count)]
      features += try image.encode(pixels: some.flatMap { $0 }, count: some.count)
    }
    var next = 0
    return try decoded.map { result in
      guard case .success(let frames) = result else { return result.map { _ in [] } }
      let width = image.spec.dimension
      let rows = Array(features[next * width..<(next + frames.count) * width])
      next += frames.count
      return .success(try clip(.image, try Tensor(rows, shape: [frames.count, width])))
    }
  }

  /// As the towers were trained: the mean of the frames' (or stretches') embeddings, or the embedding of pooled ones.
  private func clip(_ modality: Modality, _ rows: Tensor) throws -> [Float] {
    guard usesSingleFrames else { return try embed(modality, rows.reshape([1] + rows.shape)) }
    return ItemVectors.means(try embed(modality, rows), counts: [rows.shape[0]], dimension: dimension)
  }

  private func embed(_ modality: Modality, _ rows: Tensor) throws -> [Float] {
    var unused = SeededGenerator(seed: 0)
    return try noGrad { try network.embed(modality, TowerInput(rows), generator: &unused).floats() }
  }
}
