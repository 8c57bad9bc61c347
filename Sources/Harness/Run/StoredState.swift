import Basics
import Foundation
import Models
import Weights

/// The state of a training on disk, from which an interrupted run goes on.
struct StoredState {
  let path: String
  private let interval: Double
  private var saved = ContinuousClock.now

  /// - Parameter seconds: between two states, unless `IEUM_CHECKPOINT_SECONDS` says otherwise. One after every epoch
  ///   would cost more than a short epoch does; one every so often loses little.
  init(_ folder: String, every seconds: Double) {
    path = folder + "/state.safetensors"
    interval = ProcessInfo.processInfo.environment["IEUM_CHECKPOINT_SECONDS"].flatMap { Double($0) } ?? seconds
  }

  /// Hands over what an interrupted run left, if anything.
  func restore(_ body: (TrainerState) throws -> Void) throws {
    guard FileManager.default.fileExists(atPath: path) else { return }
    let file = try WeightFile.read(path)
    try body(TrainerState(tensors: file.tensors, metadata: file.metadata))
  }

  /// Writes the state when it is time to; called after every epoch.
  mutating func save(_ state: () throws -> TrainerState) throws {
    guard ContinuousClock.now - saved > .seconds(interval) else { return }
    let state = try state()
    try Safetensors.write(state.tensors, metadata: state.metadata, to: path)
    saved = .now
  }

  /// For a run that has its record.
  func remove() { unlink(path) }
}
