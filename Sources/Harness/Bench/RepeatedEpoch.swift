import Models
import Tensors

/// Trainings without an end, one epoch at a time: what is measured where a step is to be measured.
enum RepeatedEpoch {
  private struct Over: Error {}

  /// One epoch per call.
  static func of(_ trainer: PairTrainer) -> () throws -> Void {
    return { do { try trainer.run { _ in throw Over() } } catch is Over {} }
  }

  /// One epoch per call.
  static func of(_ trainer: ClipTrainer) -> () throws -> Void {
    return { do { try trainer.run { _ in throw Over() } } catch is Over {} }
  }

  /// One epoch per call over training items alone.
  /// - Parameter settings: but for the number of epochs.
  static func of(
    _ model: any JointModel, text: TrainableEncoder? = nil, train: JointSplit, settings: TrainerConfiguration,
    device: Device = .cpu
  ) throws -> () throws -> Void {
    let one = try JointSplit(
      text: train.text.narrow(dim: 0, start: 0, length: 1), image: train.image.narrow(dim: 0, start: 0, length: 1),
      relevant: [[]], name: "validation")
    var settings = settings
    (settings.epochs, settings.patience) = (.max, nil)
    let trainer = try JointTrainer(
      model: model, text: text, train: train, validation: one, configuration: settings, device: device)
    return { do { try trainer.run { _ in throw Over() } } catch is Over {} }
  }
}
