import Basics
import Tensors

/// Settings of a ``PairTrainer``. The defaults are half2020's where it says.
public struct PairTrainerConfiguration: Sendable, Hashable {
  public var epochs = 40
  public var batchSize = 512
  public var learningRate = 1e-4
  /// Factor of the learning rate by epoch, from 0: a tenth after 30 epochs.
  public var schedule = Schedule.stepwise(every: 30, factor: 0.1)
  /// Epochs without a better score after which training stops; nil = never.
  public var patience: Int?
  public var seed: UInt64 = 0
  /// A name of ``LossRegistry`` that reads in-batch pairs.
  public var loss = "four-term"
  public var lossParameters: [String: Scalar] = [:]
  public var precision = TrainerConfiguration.Precision.f32
  /// Largest joint norm of the gradients; nil = unlimited.
  public var clipNorm: Double?
  /// Pairs of earlier batches kept as further negatives, for each source.
  public var queueSize = 0
  /// Background threads that prepare batches; 0 = none. Changes speed only.
  public var workers = 1
  /// Batches prepared ahead. Changes speed only.
  public var prefetch = 4

  public init() {}

  /// - Throws: ``IeumError`` (usage) naming the setting.
  func check() throws {
    let faults: [(Bool, String, String)] = [
      (epochs < 0, "epochs", "0 or more"),
      (batchSize < 2, "batchSize", "2 or more"),
      (!(learningRate > 0 && learningRate.isFinite), "learningRate", "a number greater than 0"),
      ((patience ?? 1) < 1, "patience", "1 or more"),
      (!((clipNorm ?? 1) > 0), "clipNorm", "a number greater than 0"),
      (queueSize < 0, "queueSize", "0 or more"),
      (workers < 0, "workers", "0 or more"),
      (prefetch < 1, "prefetch", "1 or more"),
    ]
    if let fault = faults.first(where: { $0.0 }) {
      throw IeumError(.usage, "'\(fault.1)' is out of range", place: "training", remedy: "give \(fault.2)")
    }
  }

  /// What must agree between a stored state and the run that resumes it: all but the number of epochs and what changes
  /// speed only.
  var fingerprint: String {
    let settings = lossParameters.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    return [
      "pairs", "batchSize=\(batchSize)", "learningRate=\(learningRate)", "schedule=\(schedule)",
      "patience=\(patience.map(String.init) ?? "none")", "seed=\(seed)",
      "loss=\(loss)(\(settings.joined(separator: ",")))", "precision=\(precision.rawValue)",
      "clipNorm=\(clipNorm.map { "\($0)" } ?? "none")", "queueSize=\(queueSize)",
    ].joined(separator: " ")
  }
}
