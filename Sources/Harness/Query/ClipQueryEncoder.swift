import Basics
import Datasets
import Foundation
import Models
import Tensors
import Weights

/// Queries through CLIP's towers as CLIP4Clip trained them, from published weights or from random ones.
final class ClipQueryEncoder: QueryEncoder, @unchecked Sendable {
  let dimension: Int
  private let network: Clip4ClipNetwork
  private let tokens: ClipTokens
  private let sampling: FrameSampling
  private let preprocessing: ImagePreprocessing
  private let lock = NSLock()
  private static let piece = 32
  /// Whether training cut its frames out of pictures an eighth larger than the network's input.
  static let enlargedKey = "enlarged"
  /// The config of published image weights among the model's files.
  static let imageConfigName = "image-config.json"

  /// - Throws: ``IeumError`` (data) for a card or weights that do not fit each other.
  init(_ card: SearchModel.Card, checkpoint: String, files: [SearchModel.File]) throws {
    func number(_ encoder: SearchModel.Encoder, _ name: String) throws -> Int {
      guard let value = encoder.parameters[name].flatMap({ Int($0) }), value > 0 else {
        throw IeumError(.data, "the model's card lacks '\(name)'", file: checkpoint, remedy: "make the index again")
      }
      return value
    }
    guard let head = card.modelParameters["head"].flatMap({ VideoHeadKind(rawValue: $0) }) else {
      throw IeumError(.data, "the model's card lacks its head", file: checkpoint, remedy: "make the index again")
    }
    let frames = try number(card.image, "frames")
    sampling = try FrameSampling(name: card.image.parameters["sampling"] ?? "uniform", frames: frames)
    let file = try WeightFile.read(checkpoint)
    let isMultilingual = card.text.encoder == "clip-multilingual"
    let config = files.last { $0.name == Self.imageConfigName }?.path
    let side: ClipTextSide = isMultilingual
      ? .multilingual(
        try ClipTowers.multilingual(file, config: files.last { $0.name == ClipTokens.configName }?.path ?? "").network)
      : .clip(try ClipTowers.text(file, config: Self.clipConfig(config, part: "text")))
    var known: ClipTextConfig?
    if case .clip(let network) = side { known = network.config }
    tokens = try ClipTokens(
      files.filter { $0.name != Self.imageConfigName }, encoder: card.text.encoder, words: number(card.text, "words"),
      known: known)
    var generator = SeededGenerator(seed: 0)
    network = try Clip4ClipNetwork(
      vision: ClipTowers.vision(file, config: Self.clipConfig(config, part: "vision")), text: side, head: head,
      layers: card.modelParameters["layers"].flatMap { Int($0) } ?? 4, positions: max(77, frames + 1),
      generator: &generator)
    try network.load(file.tensors, file: checkpoint)
    network.train(false)
    dimension = network.text.dimension
    // As in training: bytes of a slightly larger picture, of which the middle is taken.
    let crop = network.vision.config.side
    preprocessing = ImagePreprocessing(
      resize: card.image.parameters[Self.enlargedKey] == "true" ? ClipTask.enlarged(crop) : crop, crop: crop,
      interpolation: .bicubic, mean: [0, 0, 0], std: [Float](repeating: 1 / 255, count: 3))
  }

  /// The config where it tells of that tower.
  private static func clipConfig(_ path: String?, part: String) -> String? {
    guard let path, let data = FileManager.default.contents(atPath: path),
      let object = try? JSONSerialization.jsonObject(with: data) as? [String: Any],
      object["\(part)_config"] != nil || object["model_type"] as? String == "clip_\(part)_model"
    else { return nil }
    return path
  }

  func texts(_ texts: [String]) throws -> [Result<[Float], IeumError>] {
    guard !texts.isEmpty else { return [] }
    let rows = try texts.map { try tokens.encode($0) }
    lock.lock()
    defer { lock.unlock() }
    let vectors = try noGrad {
      try network.textVectors(ClipTexts(rows: rows, padding: tokens.padding)).to(.float32).l2Normalized(dim: 1).floats()
    }
    return texts.indices.map { .success(Array(vectors[$0 * dimension..<($0 + 1) * dimension])) }
  }

  func media(_ media: [QueryMedia]) throws -> [Result<[Float], IeumError>] {
    try stride(from: 0, to: media.count, by: Self.piece).flatMap { start in
      try piece(Array(media[start..<min(start + Self.piece, media.count)]))
    }
  }

  private func piece(_ media: [QueryMedia]) throws -> [Result<[Float], IeumError>] {
    let decoded = Parallel.map(media) { item -> Result<[UInt8], IeumError> in
      do {
        let pictures = try item.pictures(sampling)
        guard !pictures.isEmpty else { throw IeumError(.data, "there is nothing to see in it") }
        return .success(
          try pictures.flatMap { picture in
            try ImagePreprocessor.apply(picture, preprocessing).map { UInt8(max(0, min(255, $0.rounded()))) }
          })
      } catch let error as IeumError {
        return .failure(error)
      } catch { return .failure(IeumError(.data, "\(error)")) }
    }
    lock.lock()
    defer { lock.unlock() }
    let side = preprocessing.crop
    return try decoded.map { result in
      guard case .success(let pixels) = result else { return result.map { _ in [] } }
      let count = pixels.count / (3 * side * side)
      let vector = try noGrad {
        let frames = ClipFrames(try Tensor(pixels, shape: [1, count, 3, side, side]), lengths: [count])
        return try network.clipVectors(network.frameVectors(frames), lengths: [count]).to(.float32).floats()
      }
      return .success(vector)
    }
  }
}
