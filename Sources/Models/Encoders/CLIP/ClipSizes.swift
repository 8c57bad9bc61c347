import Basics
import Foundation
import Weights

/// The sizes of CLIP's towers, read off the shapes of their tensors; what shapes do not tell (heads, activation,
/// epsilon) comes from Hugging Face's `config.json`, or is as published: heads of 64, QuickGELU, 1e-5.
public enum ClipSizes {
  /// - Parameters:
  ///   - tensors: the image tower's, without `visual.`; nil = all sizes from the config.
  ///   - config: a `config.json`; nil = the one beside the weights, if it is CLIP's.
  /// - Returns: nil when there is neither.
  static func vision(
    _ tensors: [RawTensor]?, file: String, config: String?
  ) throws -> VisionTransformerConfig? {
    let json = try ClipConfigFile.find(config, beside: tensors == nil ? nil : file, part: "vision")
    guard let tensors else { return try json.map { try $0.vision() } }
    let reader = ShapeReader(tensors: tensors, file: file)
    let kernel = try reader.shape("conv1.weight", rank: 4)
    let positions = try reader.shape("positional_embedding", rank: 2)
    var result = VisionTransformerConfig()
    result.isCLIP = reader.optional("conv1.bias") == nil
    result.patch = kernel[3]
    result.side = kernel[3] * Int(Double(max(0, positions[0] - 1)).squareRoot().rounded())
    result.output = reader.optional("proj")?.last
    result.transformer = try reader.transformer(width: kernel[0], "transformer.resblocks.")
    if !result.isCLIP { (result.transformer.activation, result.transformer.epsilon) = (.gelu, 1e-6) }
    // A config that only happens to lie there does not belong to torchvision's file.
    if result.isCLIP || config != nil { try json?.refine(&result.transformer) }
    return result
  }

  /// The same for the text tower.
  static func text(_ tensors: [RawTensor], file: String, config: String?) throws -> ClipTextConfig {
    let reader = ShapeReader(tensors: tensors, file: file)
    let words = try reader.shape("token_embedding.weight", rank: 2)
    var result = ClipTextConfig()
    result.vocabulary = words[0]
    result.positions = try reader.shape("positional_embedding", rank: 2)[0]
    result.output = try reader.shape("text_projection", rank: 2)[1]
    result.transformer = try reader.transformer(width: words[1], "transformer.resblocks.")
    try ClipConfigFile.find(config, beside: file, part: "text")?.refine(&result.transformer)
    return result
  }
}

/// Shapes by name, with errors that name the file.
private struct ShapeReader {
  let tensors: [RawTensor]
  let file: String

  func optional(_ name: String) -> [Int]? { tensors.first { $0.name == name }?.shape }

  func shape(_ name: String, rank: Int) throws -> [Int] {
    guard let shape = optional(name) else { throw fault("is missing", name) }
    guard shape.count == rank, shape.allSatisfy({ $0 > 0 }) else { throw fault("is \(shape)", name) }
    return shape
  }

  func transformer(width: Int, _ prefix: String) throws -> TransformerShape {
    let numbers = tensors.compactMap { $0.name.removing(prefix)?.split(separator: ".").first.flatMap { Int($0) } }
    let layers = (numbers.max() ?? -1) + 1
    let hidden = layers > 0 ? try shape(prefix + "0.mlp.c_fc.weight", rank: 2)[0] : 4 * width
    return TransformerShape(width: width, layers: layers, heads: max(1, width / 64), hidden: hidden)
  }

  private func fault(_ problem: String, _ name: String) -> IeumError {
    IeumError(
      .data, "does not fit the network: '\(name)' \(problem)", file: file,
      remedy: "give weights with OpenAI's, Hugging Face's or torchvision's names")
  }
}

/// One tower's part of Hugging Face's `config.json`.
private struct ClipConfigFile {
  let path: String
  let values: [String: Any]

  /// - Throws: ``IeumError`` (data) when the file that was asked for is none of CLIP's; the one beside the weights
  ///   may belong to something else.
  static func find(_ given: String?, beside weights: String?, part: String) throws -> ClipConfigFile? {
    let neighbour = weights.map { ($0 as NSString).deletingLastPathComponent + "/config.json" }
    guard let path = given ?? neighbour else { return nil }
    guard let data = FileManager.default.contents(atPath: path) else {
      guard given != nil else { return nil }
      throw IeumError(.data, "cannot be read", file: path, remedy: "give the model's config.json with --config")
    }
    let object = (try? JSONSerialization.jsonObject(with: data)) as? [String: Any]
    let type = object?["model_type"] as? String
    if let values = object?["\(part)_config"] as? [String: Any] {
      var values = values
      if values["projection_dim"] == nil { values["projection_dim"] = object?["projection_dim"] }
      return ClipConfigFile(path: path, values: values)
    }
    if let object, type == "clip_\(part)_model" { return ClipConfigFile(path: path, values: object) }
    guard given != nil else { return nil }
    throw IeumError(
      .data, "holds no '\(part)_config' of CLIP", file: path, remedy: "give the config.json that belongs to the weights")
  }

  func refine(_ shape: inout TransformerShape) throws {
    shape.heads = try count("num_attention_heads", shape.heads)
    if let value = values["layer_norm_eps"] as? Double, value > 0 { shape.epsilon = value }
    let name = values["hidden_act"] as? String ?? TransformerActivation.quickGELU.rawValue
    guard let activation = TransformerActivation(rawValue: name) else {
      let known = TransformerActivation.allCases.map(\.rawValue).joined(separator: ", ")
      throw fault("hidden_act", "'\(name)' is not supported (supported: \(known))")
    }
    shape.activation = activation
    try shape.check(path)
  }

  func vision() throws -> VisionTransformerConfig {
    var result = VisionTransformerConfig()
    result.side = try count("image_size", 224)
    result.patch = try count("patch_size", 32)
    result.output = try count("projection_dim", 512)
    let width = try count("hidden_size", 768)
    result.transformer = TransformerShape(
      width: width, layers: try count("num_hidden_layers", 12), heads: 12,
      hidden: try count("intermediate_size", 4 * width))
    try refine(&result.transformer)
    return result
  }

  private func count(_ key: String, _ fallback: Int) throws -> Int {
    guard let value = values[key], !(value is NSNull) else { return fallback }
    guard let number = value as? Int, number > 0, number < 1 << 24 else {
      throw fault(key, "'\(value)' is not a positive whole number")
    }
    return number
  }

  private func fault(_ key: String, _ problem: String) -> IeumError {
    IeumError(.data, problem, file: path, place: "key '\(key)'", remedy: "give the config.json that belongs to the weights")
  }
}
