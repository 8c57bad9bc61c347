import Basics
import Foundation
import Tensors

extension Device {
  /// What the device adds to the name of a kind of work: nothing for a CPU.
  var inRates: String { self == .cpu ? "" : " on cuda" }
}

/// What the trainings of a cell cost.
struct CellCost {
  let config: CellConfig

  /// The settings that decide how long one item takes in one epoch: cells that share them cost alike.
  func training(of task: any CellTask) -> RatedWork {
    let training = config.training
    func side(_ choice: CellConfig.EncoderChoice) -> String {
      let learns = choice.train || choice.weights == "random"
      return "\(choice.encoder)\(learns ? " \(choice.parameters.sorted { $0.key < $1.key })" : "")\(choice.train ? " learns" : "")"
    }
    let further = (config.towers == nil ? "" : " towers 2") + (config.clips == nil ? "" : " clips 2")
    let kind = [
      "train\(further) \(config.tree["model"]?.canonical ?? config.model.name)", config.loss.name, config.loss.mining ?? "",
      "batch \(training.batchSize) \(training.precision) threads \(training.threads) patience \(training.patience)\(training.device.inRates)",
      side(config.text), side(config.image), config.tree["audio"]?.canonical ?? "",
      "on \(Set(task.trainedOn.map(\.dataset.name)).sorted().joined(separator: " and "))",
    ]
    return RatedWork(
      kind: kind.joined(separator: ", "), units: Double(max(1, training.epochs) * max(1, task.itemsPerEpoch)))
  }

  /// How much longer a training takes where so many processes like it want more cores than there are.
  func crowding(_ processes: Int) -> Double {
    guard config.training.device == .cpu else { return 1 }
    let wanted = Double(processes * max(1, config.training.threads))
    return max(1, wanted / Double(ProcessInfo.processInfo.activeProcessorCount))
  }

  /// Takes note of finished runs: training and evaluation together, as long as they would have taken on cores of their own.
  /// - Parameter processes: that trained side by side, this one among them.
  func record(_ task: any CellTask, _ records: [RunRecord], beside processes: Int, in cache: Cache) {
    let work = training(of: task)
    for record in records {
      let seconds = (record.wallSeconds["training"] ?? 0) + (record.wallSeconds["evaluation"] ?? 0)
      Rates(cache: cache).record(work.kind, seconds: seconds / crowding(processes), units: work.units)
    }
  }
}
