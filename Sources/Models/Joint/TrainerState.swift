import Basics
import Foundation
import Weights

/// One finished epoch.
public struct EpochRecord: Sendable, Codable, Equatable {
  /// From 1.
  public let epoch: Int
  /// Mean over the epoch's batches, weighted by their items.
  public let trainLoss: Double
  /// Nil when the validation split has no pair to measure.
  public let validationLoss: Double?
  /// Wall time of training and validation.
  public let seconds: Double
  /// Whether the validation loss is the lowest, or the score the highest, so far.
  public let isBest: Bool
  /// What the best epoch is chosen by where it is not the validation loss; larger is better.
  public var score: Double?
  /// Mean loss of each source, where there are several.
  public var losses: [String: Double]?
  /// Of this epoch.
  public var learningRate: Double?
  /// Share of the training time in which the trainer waited for a batch, 0...1.
  public var waitingShare: Double?
  /// Rows that left their batches because they could not be read.
  public var skippedRows: Int?
  /// Items behind them, and why.
  public var skipped: [String: String]?
}

extension [EpochRecord] {
  /// Items that could not be read in any of them, and why.
  public var skipped: [String: String] {
    reduce(into: [:]) { $0.merge($1.skipped ?? [:]) { first, _ in first } }
  }
}

/// All that is needed to go on training after the epoch it was taken at, bit for bit.
///
/// Random streams are derived from the seed and the epoch's number, so none has to be stored.
public struct TrainerState: Sendable {
  /// Named `model.…`, `text.…`, `optimizer.…`, `best.…` and `queue.SOURCE.…`.
  public let tensors: [RawTensor]
  /// The key `trainer` holds JSON: settings and history.
  public let metadata: [String: String]

  /// A state read back from a file.
  public init(tensors: [RawTensor], metadata: [String: String]) {
    self.tensors = tensors
    self.metadata = metadata
  }

  struct Progress: Codable {
    var fingerprint: String
    var history: [EpochRecord] = []
  }

  init(tensors: [RawTensor], progress: Progress) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    let text = String(decoding: try encoder.encode(progress), as: UTF8.self)
    self.init(tensors: tensors, metadata: ["trainer": text])
  }

  /// - Throws: ``IeumError`` (data) when the metadata is missing or damaged.
  func progress() throws -> Progress {
    guard let text = metadata["trainer"],
      let progress = try? JSONDecoder().decode(Progress.self, from: Data(text.utf8))
    else {
      throw IeumError(
        .data, "the training state has no readable progress record", place: "metadata 'trainer'",
        remedy: "delete the state and train again")
    }
    return progress
  }

  /// The tensors under a prefix, without it.
  func part(_ prefix: String) -> [RawTensor] {
    tensors.filter { $0.name.hasPrefix(prefix) }.map { $0.renamed(String($0.name.dropFirst(prefix.count))) }
  }
}
