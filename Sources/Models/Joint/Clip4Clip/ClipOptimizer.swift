import Basics
import Tensors
import Weights

/// AdamW with the recipe's learning rates, decay and clipping, one group of parameters for each.
public final class ClipOptimizer {
  private struct Group {
    let factor: Double
    let adam: AdamW
  }

  public let parameters: [Tensor]
  private let recipe: ClipRecipe
  private let groups: [Group]

  /// Freezes what the recipe freezes.
  /// - Parameter distillation: trained beside the network.
  /// - Throws: ``IeumError`` (usage) when a name to freeze is no parameter's.
  public init(_ network: Module, _ recipe: ClipRecipe, distillation: ClipDistillation? = nil) throws {
    self.recipe = recipe
    let named = network.namedParameters()
    for entry in recipe.frozen where !named.contains(where: { ($0.0.removing("clip.") ?? $0.0).hasPrefix(entry) }) {
      throw IeumError(
        .usage, "no parameter is called '\(entry)…'", place: "training.recipe.frozen",
        remedy: "name beginnings such as visual.conv1. or token_embedding.")
    }
    for (name, tensor) in named { tensor.requiresGrad = !recipe.isFrozen(name) }
    let beside = (distillation?.namedParameters() ?? []).map { ("distillation." + $0.0, $0.1) }
    let trained = named.filter { $0.1.requiresGrad } + beside
    parameters = trained.map(\.1)
    var groups: [Group] = []
    for isTower in [true, false] {
      for decays in [true, false] {
        let members = trained.filter { name, tensor in
          (name.hasPrefix("clip.") || name.hasPrefix("text.")) == isTower && recipe.decays(name, tensor.shape) == decays
        }
        guard !members.isEmpty else { continue }
        let adam = try AdamW(
          members.map(\.1), learningRate: 0, beta2: recipe.beta2, eps: recipe.epsilon,
          weightDecay: decays ? recipe.weightDecay : 0, biasCorrection: recipe.biasCorrection)
        groups.append(Group(factor: isTower ? recipe.towerFactor : 1, adam: adam))
      }
    }
    self.groups = groups
  }

  public func zeroGrad() {
    for tensor in parameters { tensor.zeroGrad() }
  }

  /// One update at a step (from 0) of all.
  public func step(_ step: Int, of total: Int) throws {
    if recipe.clipping == .global || recipe.clipping == .both { try clipGradients(parameters, maxNorm: recipe.clipNorm) }
    if recipe.clipping == .tensor || recipe.clipping == .both {
      for tensor in parameters where tensor.grad != nil { try clipGradients([tensor], maxNorm: recipe.clipNorm) }
    }
    let factor = recipe.factor(at: step, of: total)
    for group in groups {
      group.adam.learningRate = recipe.learningRate * group.factor * factor
      try group.adam.step()
    }
  }

  func state() throws -> [RawTensor] {
    try groups.enumerated().flatMap { index, group in
      try group.adam.state().map { $0.renamed("\(index).\($0.name)") }
    }
  }

  func load(_ tensors: [RawTensor]) throws {
    for (index, group) in groups.enumerated() {
      let own = tensors.compactMap { tensor in tensor.name.removing("\(index).").map { tensor.renamed($0) } }
      try group.adam.load(own, file: "training state")
    }
  }
}
