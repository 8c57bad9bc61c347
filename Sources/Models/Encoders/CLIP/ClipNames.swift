import Basics
import Weights

/// Translates the names under which CLIP is published into OpenAI's, and tells its two towers apart.
///
/// Understood: OpenAI's names (also with the `clip.` of CLIP4Clip's checkpoints and the `module.` of data-parallel
/// training), Hugging Face's `CLIPModel` and its four tower classes, torchvision's `VisionTransformer`.
public enum ClipNames {
  /// Numbers that OpenAI's archive stores as tensors; they follow from the shapes.
  static let numbers: Set = ["input_resolution", "context_length", "vocab_size"]
  /// What CLIP4Clip puts on top of the towers (``VideoHead``), and a text side that is not CLIP's own.
  static let heads = [
    "text.", "transformerClip.", "frame_position_embeddings.", "lstm_visual.", "cross.", "similarity_dense.",
  ]
  static let logitScale = "logit_scale"
  private static let textNames = [
    "token_embedding.", "positional_embedding", "transformer.", "ln_final.", "text_projection",
  ]

  /// The tensors of the image tower, without `visual.`.
  /// - Throws: ``IeumError`` (data) when there are none; names that belong to nothing stay for strict loading to report.
  static func vision(_ tensors: [RawTensor], file: String) throws -> [RawTensor] {
    let all = try openAI(tensors)
    let tower = all.compactMap { tensor in tensor.name.removing("visual.").map { tensor.renamed($0) } }
    guard !tower.isEmpty else { throw noTower("image", file) }
    return tower + all.filter { !$0.name.hasPrefix("visual.") && !isText($0.name) && !isBeside($0.name) }
  }

  /// The tensors of the text tower.
  /// - Throws: as ``vision(_:file:)``.
  static func text(_ tensors: [RawTensor], file: String) throws -> [RawTensor] {
    let kept = try openAI(tensors).filter { !$0.name.hasPrefix("visual.") && !isBeside($0.name) }
    guard kept.contains(where: { isText($0.name) }) else { throw noTower("text", file) }
    return kept
  }

  /// All tensors under OpenAI's names, image tower under `visual.`; without numbers and constant positions.
  public static func openAI(_ tensors: [RawTensor]) throws -> [RawTensor] {
    var kept = TensorNaming.stripping("module.", from: tensors)
    if kept.contains(where: { $0.name.hasPrefix("clip.") }) {
      kept = TensorNaming.renaming(kept) { $0.removing("clip.") }
    }
    kept = kept.filter { !numbers.contains($0.name) && !$0.name.hasSuffix("position_ids") }
    if kept.contains(where: { $0.name == "class_token" }) { return try TorchvisionViTNames.translated(kept) }
    let prefix = HuggingFaceClipNames.prefix(of: kept)
    guard let prefix else { return kept }
    return try HuggingFaceClipNames.translated(kept.map { $0.renamed(prefix + $0.name) })
  }

  private static func isText(_ name: String) -> Bool { textNames.contains { name.hasPrefix($0) } }

  /// Belongs to neither tower.
  private static func isBeside(_ name: String) -> Bool {
    name == logitScale || heads.contains { name.hasPrefix($0) }
  }

  private static func noTower(_ which: String, _ file: String) -> IeumError {
    IeumError(
      .data, "holds no \(which) tower of CLIP", file: file,
      remedy: "give weights with OpenAI's, Hugging Face's or torchvision's names")
  }
}

/// Hugging Face's names: query, key and value apart, projections as linear layers.
enum HuggingFaceClipNames {
  /// What the names lack to be `CLIPModel`'s; nil for names of another family.
  static func prefix(of tensors: [RawTensor]) -> String? {
    let names = Set(tensors.map(\.name))
    if names.contains("embeddings.class_embedding") { return "vision_model." }
    if names.contains("embeddings.token_embedding.weight") { return "text_model." }
    return names.contains { $0.hasPrefix("vision_model.") || $0.hasPrefix("text_model.") } ? "" : nil
  }

  private static let layerParts = [
    ("layer_norm1.", "ln_1."), ("layer_norm2.", "ln_2."), ("mlp.fc1.", "mlp.c_fc."), ("mlp.fc2.", "mlp.c_proj."),
    ("self_attn.out_proj.", "attn.out_proj."),
  ]

  private static let names = [
    "vision_model.embeddings.class_embedding": "visual.class_embedding",
    "vision_model.embeddings.patch_embedding.weight": "visual.conv1.weight",
    "vision_model.embeddings.position_embedding.weight": "visual.positional_embedding",
    "text_model.embeddings.token_embedding.weight": "token_embedding.weight",
    "text_model.embeddings.position_embedding.weight": "positional_embedding",
  ]

  private static let prefixes = [
    ("vision_model.pre_layrnorm.", "visual.ln_pre."), ("vision_model.post_layernorm.", "visual.ln_post."),
    ("text_model.final_layer_norm.", "ln_final."),
    ("vision_model.encoder.layers.", "visual.transformer.resblocks."),
    ("text_model.encoder.layers.", "transformer.resblocks."),
  ]

  static func translated(_ tensors: [RawTensor]) throws -> [RawTensor] {
    var result: [RawTensor] = []
    var parts: [String: [RawTensor]] = [:]
    for tensor in tensors {
      switch tensor.name {
      case "visual_projection.weight": result.append(try tensor.permuted([1, 0]).renamed("visual.proj"))
      case "text_projection.weight": result.append(try tensor.permuted([1, 0]).renamed("text_projection"))
      default:
        let name = names[tensor.name] ?? replaced(tensor.name)
        if let joint = jointName(name) { parts[joint, default: []].append(tensor.renamed(name)) } else {
          result.append(tensor.renamed(name))
        }
      }
    }
    for (name, members) in parts.sorted(by: { $0.key < $1.key }) { result += joined(members, name) }
    return result
  }

  private static func replaced(_ name: String) -> String {
    for (old, new) in prefixes {
      guard let rest = name.removing(old) else { continue }
      return layerParts.reduce(new + rest) { $0.replacing($1.0, with: $1.1) }
    }
    return name
  }

  /// `….self_attn.q_proj.weight` → `….attn.in_proj_weight`.
  private static func jointName(_ name: String) -> String? {
    guard let range = name.range(of: ".self_attn.") else { return nil }
    let place = String(name[..<range.lowerBound]), rest = name[range.upperBound...]
    guard ["q_proj", "k_proj", "v_proj"].contains(where: { rest.hasPrefix($0 + ".") }) else { return nil }
    return place + ".attn.in_proj_" + rest.dropFirst("q_proj.".count)
  }

  /// Query, key and value on top of each other; left apart, to be reported, when they do not fit.
  private static func joined(_ members: [RawTensor], _ name: String) -> [RawTensor] {
    let ordered = ["q_proj", "k_proj", "v_proj"].compactMap { part in members.first { $0.name.contains(part) } }
    guard let first = ordered.first, ordered.count == 3, members.count == 3, !first.shape.isEmpty,
      ordered.allSatisfy({ $0.shape == first.shape && $0.dtype == first.dtype })
    else { return members }
    return [
      RawTensor(
        name: name, dtype: first.dtype, shape: [3 * first.shape[0]] + first.shape.dropFirst(),
        bytes: ordered.flatMap(\.bytes))
    ]
  }
}

/// torchvision's `VisionTransformer`, as an image tower without projection.
enum TorchvisionViTNames {
  private static let parts = [
    ("self_attention.", "attn."), ("mlp.linear_1.", "mlp.c_fc."), ("mlp.linear_2.", "mlp.c_proj."),
    ("mlp.0.", "mlp.c_fc."), ("mlp.3.", "mlp.c_proj."),
  ]

  static func translated(_ tensors: [RawTensor]) throws -> [RawTensor] {
    tensors.map { tensor in
      switch tensor.name {
      case "class_token": tensor.reshaped([tensor.shape.last ?? 0], "visual.class_embedding")
      case "encoder.pos_embedding": tensor.reshaped(Array(tensor.shape.dropFirst()), "visual.positional_embedding")
      default: tensor.renamed(name(tensor.name))
      }
    }
  }

  private static func name(_ name: String) -> String {
    if let rest = name.removing("conv_proj.") { return "visual.conv1." + rest }
    if let rest = name.removing("encoder.ln.") { return "visual.ln_post." + rest }
    guard let rest = name.removing("encoder.layers.encoder_layer_") else { return name }
    return parts.reduce("visual.transformer.resblocks." + rest) { $0.replacing($1.0, with: $1.1) }
  }
}

extension RawTensor {
  fileprivate func reshaped(_ shape: [Int], _ name: String) -> RawTensor {
    RawTensor(name: name, dtype: dtype, shape: shape, bytes: bytes)
  }
}
