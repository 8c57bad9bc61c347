import Basics
import Foundation
import Tensors

/// The training recipe of CLIP4Clip. The defaults are the published numbers in their sensible form; what the published
/// code does otherwise can be had by name.
/// - Source: Luo et al. 2022 (CLIP4Clip), section 4.2, and the published code.
public struct ClipRecipe: Sendable, Hashable {
  /// Factor of the learning rates over the run.
  public enum ScheduleName: String, Sendable, CaseIterable {
    /// Linear warm-up from the first step on, then half a cosine from 1 to 0.
    case cosine
    /// As published: the first step has rate 0, and the rate jumps down after the warm-up.
    case clip4clip
  }

  /// Which parameters decay.
  public enum Decay: String, Sendable, CaseIterable {
    /// Matrices and kernels alone; not biases, normalisations, positions, the class token and the logit scale.
    case matrices
    /// As published: all but names with `bias` or `LayerNorm.`, so that CLIP's own `ln_*`, its positions and the logit
    /// scale decay too.
    case clip4clip
  }

  public enum Clipping: String, Sendable, CaseIterable {
    /// The norm of each parameter's gradient.
    case tensor
    /// The joint norm.
    case global
    /// As published: first the joint norm, then each tensor's.
    case both
    case none
  }

  public var epochs = 5
  public var batchSize = 128
  /// Pairs that go through the towers at a time; the loss always sees the whole batch. 0 = all at once.
  public var microBatch = 0
  /// Keep each layer's input alone and compute the rest again: less memory, a third more time.
  public var checkpointing = false
  /// Of parameters that CLIP does not have.
  public var learningRate = 1e-4
  /// The towers' rate as a factor of it.
  public var towerFactor = 1e-3
  public var weightDecay = 0.2
  /// Share of all steps in which the rate rises.
  public var warmup = 0.1
  public var schedule = ScheduleName.cosine
  public var decay = Decay.matrices
  public var clipping = Clipping.tensor
  public var clipNorm = 1.0
  public var beta2 = 0.98
  public var epsilon = 1e-6
  /// Adam's correction of its first steps; the published optimiser leaves it out.
  public var biasCorrection = true
  /// Parameters that are not trained: names or their beginnings, without `clip.`; or `clip4clip-0`, the list of the
  /// published `freeze_layer_num 0`.
  public var frozen: [String] = []
  public var precision = TrainerConfiguration.Precision.f32
  public var seed: UInt64 = 0
  /// Epochs without a better validation score after which training stops; nil = never.
  public var patience: Int?
  /// Background threads that prepare batches; 0 = none. Changes speed only.
  public var workers = 1
  /// Weight of a ``ClipDistillation``; 0 = none.
  public var distillation = 0.0

  public init() {}

  /// What `freeze_layer_num 0` keeps still with the published code.
  public static let publishedFrozen = [
    "visual.conv1.", "visual.class_embedding", "visual.positional_embedding", "visual.ln_pre.", "token_embedding.",
    "positional_embedding",
  ]

  public static let parameters: [ParameterSpec] = {
    let recipe = ClipRecipe()
    return [
      ParameterSpec("microBatch", default: .int(0), "pairs that go through the towers at a time; 0 = the batch"),
      ParameterSpec("checkpointing", default: .bool(false), "keep each layer's input alone: less memory, more time"),
      ParameterSpec("towerFactor", default: .double(recipe.towerFactor), "learning rate of the towers, as a factor"),
      ParameterSpec("weightDecay", default: .double(recipe.weightDecay), "decoupled weight decay"),
      ParameterSpec("warmup", default: .double(recipe.warmup), "share of the steps in which the rate rises"),
      ParameterSpec("schedule", default: .string("cosine"), "of the rate", choices: ScheduleName.allCases.map(\.rawValue)),
      ParameterSpec("decay", default: .string("matrices"), "what decays", choices: Decay.allCases.map(\.rawValue)),
      ParameterSpec("clipping", default: .string("tensor"), "of gradients", choices: Clipping.allCases.map(\.rawValue)),
      ParameterSpec("clipNorm", default: .double(recipe.clipNorm), "largest norm of a gradient"),
      ParameterSpec("beta2", default: .double(recipe.beta2), "decay of Adam's second moment"),
      ParameterSpec("epsilon", default: .double(recipe.epsilon), "of Adam"),
      ParameterSpec("biasCorrection", default: .bool(true), "Adam's; the published optimiser has none"),
      ParameterSpec("frozen", default: .string(""), "comma-separated names or beginnings, or clip4clip-0"),
    ]
  }()

  /// The recipe's own settings; those that every training has are set by the caller.
  /// - Throws: ``IeumError`` (usage) for an unknown name or a bad value.
  public init(_ given: [String: Scalar]) throws {
    let values = try Parameters(given, specs: Self.parameters, owner: "training.recipe")
    microBatch = values.int("microBatch")
    checkpointing = values.bool("checkpointing")
    towerFactor = values.double("towerFactor")
    weightDecay = values.double("weightDecay")
    warmup = values.double("warmup")
    schedule = ScheduleName(rawValue: values.string("schedule")) ?? .cosine
    decay = Decay(rawValue: values.string("decay")) ?? .matrices
    clipping = Clipping(rawValue: values.string("clipping")) ?? .tensor
    clipNorm = values.double("clipNorm")
    beta2 = values.double("beta2")
    epsilon = values.double("epsilon")
    biasCorrection = values.bool("biasCorrection")
    let names = values.string("frozen").split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
    frozen = names == ["clip4clip-0"] ? Self.publishedFrozen : names.filter { !$0.isEmpty }
    try check()
  }

  /// - Throws: ``IeumError`` (usage) naming the setting.
  func check() throws {
    let faults: [(Bool, String, String)] = [
      (epochs < 0, "epochs", "0 or more"), (batchSize < 2, "batchSize", "2 or more"),
      (microBatch < 0, "microBatch", "0 or more"),
      (!(learningRate > 0 && learningRate.isFinite), "learningRate", "a number greater than 0"),
      (!(towerFactor >= 0 && towerFactor.isFinite), "towerFactor", "0 or more"),
      (!(weightDecay >= 0 && weightDecay.isFinite), "weightDecay", "0 or more"),
      (!(0..<1).contains(warmup), "warmup", "a share in 0..<1"),
      (!(clipNorm > 0), "clipNorm", "a number greater than 0"),
      (!(0..<1).contains(beta2), "beta2", "a number in 0..<1"), (!(epsilon > 0), "epsilon", "a number greater than 0"),
      (!(distillation >= 0 && distillation.isFinite), "distill.weight", "0 or more"),
      ((patience ?? 1) < 1, "patience", "1 or more"), (workers < 0, "workers", "0 or more"),
    ]
    if let fault = faults.first(where: { $0.0 }) {
      throw IeumError(.usage, "'\(fault.1)' is out of range", place: "training", remedy: "give \(fault.2)")
    }
  }

  /// Factor of the learning rates at a step (from 0) of all.
  public func factor(at step: Int, of total: Int) -> Double {
    switch schedule {
    case .clip4clip: return Schedule.warmupCosine(warmup: warmup, total: total).factor(at: step)
    case .cosine:
      // One step on, so that neither the first nor the last step is lost.
      let rise = Int((warmup * Double(total)).rounded())
      return Schedule.cosine(warmup: max(1, rise), total: total + 1, floor: 0).factor(at: step + 1)
    }
  }

  func decays(_ name: String, _ shape: [Int]) -> Bool {
    switch decay {
    case .clip4clip: return !name.contains("bias") && !name.contains("LayerNorm.")
    case .matrices: return shape.count > 1 && !name.contains("position")
    }
  }

  func isFrozen(_ name: String) -> Bool {
    let own = name.removing("clip.") ?? name
    return frozen.contains { own == $0 || own.hasPrefix($0) }
  }

  /// What must agree between a stored state and the run that resumes it: all but what changes speed and memory only.
  var fingerprint: String {
    var settings = self
    (settings.workers, settings.microBatch, settings.checkpointing) = (0, 0, false)
    return "clip \(settings)"
  }
}
