import Basics

/// Settings of a ``JointTrainer``. The defaults are table 8 of hong2022 where it says.
public struct TrainerConfiguration: Sendable, Hashable {
  /// What the layers compute in; parameters and Adam's moments are float32 either way.
  public enum Precision: String, Sendable, CaseIterable { case f32, bf16 }

  public var epochs = 200
  public var batchSize = 512
  public var learningRate = 0.0003
  /// Of encoders that learn with the model; nil = the same.
  public var encoderLearningRate: Double?
  /// Epochs without a better validation loss after which training stops; nil = never.
  public var patience: Int? = 20
  public var seed: UInt64 = 0
  /// A name of ``LossRegistry``.
  public var loss = "swish-triplet"
  public var lossParameters: [String: Scalar] = [:]
  /// How negatives are chosen; nil = the loss's own way, random for triplets.
  public var mining: Mining?
  public var positivesPerAnchor = 4
  /// Items of a batch that belong together by construction; see ``BalancedSampler``.
  public var groupSize = 4
  public var precision = Precision.f32
  /// Background threads that prepare the batches of encoders that decode; 0 = none. Changes speed only.
  public var workers = 1

  public init() {}

  /// - Throws: ``IeumError`` (usage) naming the setting.
  func check() throws {
    let faults: [(Bool, String, String)] = [
      (epochs < 0, "epochs", "0 or more"),
      (batchSize < 2, "batchSize", "2 or more"),
      (!(learningRate > 0 && learningRate.isFinite), "learningRate", "a number greater than 0"),
      (!((encoderLearningRate ?? 1) > 0 && (encoderLearningRate ?? 1).isFinite), "encoderLearningRate", "a number greater than 0"),
      ((patience ?? 1) < 1, "patience", "1 or more"),
      (positivesPerAnchor < 1, "positivesPerAnchor", "1 or more"),
      (groupSize < 2, "groupSize", "2 or more"),
      (workers < 0, "workers", "0 or more"),
    ]
    if let fault = faults.first(where: { $0.0 }) {
      throw IeumError(.usage, "'\(fault.1)' is out of range", place: "training", remedy: "give \(fault.2)")
    }
  }

  /// What must agree between a stored state and the run that resumes it: all but the number of epochs and what changes speed
  /// only.
  var fingerprint: String {
    let settings = lossParameters.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    return [
      "batchSize=\(batchSize)", "learningRate=\(learningRate)",
      "encoderLearningRate=\(encoderLearningRate.map { "\($0)" } ?? "same")",
      "patience=\(patience.map(String.init) ?? "none")",
      "seed=\(seed)", "loss=\(loss)(\(settings.joined(separator: ",")))",
      "mining=\(mining?.rawValue ?? "default")",
      "positivesPerAnchor=\(positivesPerAnchor)", "groupSize=\(groupSize)", "precision=\(precision.rawValue)",
    ].joined(separator: " ")
  }
}
