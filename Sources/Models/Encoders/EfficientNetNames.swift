import Basics
import Weights

/// Translates the published names of EfficientNet and EfficientNet-Lite weights into torchvision's.
///
/// Which names belong to which arithmetic: lukemelas' ports and Keras' files keep TensorFlow's 'SAME' padding and
/// epsilon 1e-3; rwightman's own models use symmetric padding and epsilon 1e-5, his ports (files `tf_…`) TensorFlow's.
struct EfficientNetNames {
  let plan: EfficientNetPlan
  let isLite: Bool

  /// Classifiers and Keras' input statistics: not part of the features.
  static let ignored = ["classifier.", "_fc.", "predictions/", "normalization/", "rescaling"]

  func normalised(_ tensors: [RawTensor], file: String) throws -> NormalisedWeights {
    let kept = TensorNaming.dropping(Self.ignored, from: TensorNaming.stripping("module.", from: tensors))
    let names = Set(kept.map(\.name))
    if names.contains("_conv_stem.weight") {
      return NormalisedWeights(TensorNaming.renaming(kept, lukemelas), convention: .tensorflow)
    }
    if names.contains("conv_stem.weight") {
      let isPort = file.split(separator: "/").last?.hasPrefix("tf_") ?? false
      return NormalisedWeights(TensorNaming.renaming(kept, rwightman), convention: isPort ? .tensorflow : .pytorch)
    }
    if names.contains(where: { $0.hasPrefix("stem_conv/") }) {
      return NormalisedWeights(try KerasNames.translated(kept, keras), convention: .tensorflow)
    }
    return NormalisedWeights(kept, convention: isLite ? .tensorflow : .pytorch)
  }

  // MARK: rules

  /// `_blocks.3._depthwise_conv.weight` → `features.3.0.block.1.0.weight`.
  func lukemelas(_ name: String) -> String? {
    if let rest = name.removing("_conv_stem.") { return "features.0.0.\(rest)" }
    if let rest = name.removing("_bn0.") { return "features.0.1.\(rest)" }
    if let rest = name.removing("_conv_head.") { return "features.8.0.\(rest)" }
    if let rest = name.removing("_bn1.") { return "features.8.1.\(rest)" }
    let parts = name.split(separator: ".", maxSplits: 3).map(String.init)
    guard parts.count == 4, parts[0] == "_blocks", let index = Int(parts[1]), plan.blocks.indices.contains(index)
    else { return nil }
    let roles: [String: Role] = [
      "_expand_conv": .expand(0), "_bn0": .expand(1), "_depthwise_conv": .depthwise(0), "_bn1": .depthwise(1),
      "_se_reduce": .squeeze("fc1"), "_se_expand": .squeeze("fc2"), "_project_conv": .project(0), "_bn2": .project(1),
    ]
    return roles[parts[2]].flatMap { path(plan.blocks[index], $0) }.map { "\($0).\(parts[3])" }
  }

  /// `blocks.1.0.conv_pw.weight` → `features.2.0.block.0.0.weight`; the depth-wise first stage has one role fewer.
  func rwightman(_ name: String) -> String? {
    if let rest = name.removing("conv_stem.") { return "features.0.0.\(rest)" }
    if let rest = name.removing("bn1.") { return "features.0.1.\(rest)" }
    if let rest = name.removing("conv_head.") { return "features.8.0.\(rest)" }
    if let rest = name.removing("bn2.") { return "features.8.1.\(rest)" }
    let parts = name.split(separator: ".").map(String.init)
    guard parts.count >= 5, parts[0] == "blocks", let stage = Int(parts[1]), let place = Int(parts[2]),
      let block = plan.blocks.first(where: { $0.stage == stage && $0.place == place })
    else { return nil }
    let tail = parts[parts.count - 1]
    let expanded: [String: Role] = [
      "conv_pw": .expand(0), "bn1": .expand(1), "conv_dw": .depthwise(0), "bn2": .depthwise(1),
      "conv_pwl": .project(0), "bn3": .project(1),
    ]
    let separable: [String: Role] = [
      "conv_dw": .depthwise(0), "bn1": .depthwise(1), "conv_pw": .project(0), "bn2": .project(1),
    ]
    let squeeze: [String: Role] = ["se.conv_reduce": .squeeze("fc1"), "se.conv_expand": .squeeze("fc2")]
    let key = parts[3..<(parts.count - 1)].joined(separator: ".")
    let role = squeeze[key] ?? (block.expand == 1 ? separable : expanded)[key]
    return role.flatMap { path(block, $0) }.map { "\($0).\(tail)" }
  }

  /// `block2a_expand_conv` → `features.2.0.block.0.0`: Keras' layer names, the stage from 1, the place as a letter.
  func keras(_ layer: String) -> String? {
    switch layer {
    case "stem_conv": return "features.0.0"
    case "stem_bn": return "features.0.1"
    case "top_conv": return "features.8.0"
    case "top_bn": return "features.8.1"
    default: break
    }
    guard let rest = layer.removing("block"), let digit = rest.first, let stage = digit.wholeNumberValue,
      let letter = rest.dropFirst().first?.asciiValue, rest.dropFirst(2).first == "_"
    else { return nil }
    let place = Int(letter) - Int(UInt8(ascii: "a"))
    guard let block = plan.blocks.first(where: { $0.stage == stage - 1 && $0.place == place }) else { return nil }
    let roles: [String: Role] = [
      "expand_conv": .expand(0), "expand_bn": .expand(1), "dwconv": .depthwise(0), "bn": .depthwise(1),
      "se_reduce": .squeeze("fc1"), "se_expand": .squeeze("fc2"), "project_conv": .project(0), "project_bn": .project(1),
    ]
    return roles[String(rest.dropFirst(3))].flatMap { path(block, $0) }
  }

  // MARK: torchvision's layout of a block

  private enum Role {
    case expand(Int), depthwise(Int), squeeze(String), project(Int)
  }

  private func path(_ block: EfficientNetPlan.Block, _ role: Role) -> String? {
    let layout = EfficientNetLayout(expands: block.expand != 1, squeezes: !isLite)
    let prefix = "features.\(block.stage + 1).\(block.place).block"
    switch role {
    case .expand(let part): return layout.expand.map { "\(prefix).\($0).\(part)" }
    case .depthwise(let part): return "\(prefix).\(layout.depthwise).\(part)"
    case .squeeze(let part): return layout.squeeze.map { "\(prefix).\($0).\(part)" }
    case .project(let part): return "\(prefix).\(layout.project).\(part)"
    }
  }
}

/// The numbers torchvision gives the steps of one block: a step that is absent takes no number.
struct EfficientNetLayout {
  let expand: Int?
  let depthwise: Int
  let squeeze: Int?
  let project: Int

  init(expands: Bool, squeezes: Bool) {
    expand = expands ? 0 : nil
    depthwise = expands ? 1 : 0
    squeeze = squeezes ? depthwise + 1 : nil
    project = depthwise + (squeezes ? 2 : 1)
  }
}

extension String {
  /// The rest after `prefix`, nil when the string does not start with it.
  func removing(_ prefix: String) -> String? { hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil }
}
