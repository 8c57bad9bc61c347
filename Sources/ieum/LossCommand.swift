import ArgumentParser
import Basics
import Foundation
import HDF5
import Harness
import Models

struct LossCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "loss", abstract: "Value and gradients of a loss on given embeddings.",
    discussion: LossRegistry.all.map { "\($0.name): \($0.summary)" }.joined(separator: "\n"))

  @Argument(help: "The loss.") var name: String
  @Option(help: "HDF5 file with the loss's datasets.") var input: String
  @Option(name: .customLong("param"), help: "A parameter, key=value. May be repeated.") var parameters: [String] = []
  @Option(help: "HDF5 file that receives /grad/NAME.") var out: String?
  @Flag(help: "Print JSON.") var json = false
  @OptionGroup var engine: EngineOptions

  func run() throws {
    let spec = try LossRegistry.named(name)
    let values = try ieum.parameters(parameters)
    _ = try spec.loss(values)
    try engine.apply()
    let inputs = try read(spec)
    let result: LossEvaluation
    do {
      result = try LossEvaluation.run(name: name, parameters: values, inputs: inputs)
    } catch let error as IeumError where error.kind == .data && error.file == nil {
      throw IeumError(.data, error.problem, file: input, place: error.place, remedy: error.remedy)
    }
    if let out { try write(result, inputs, to: out) }
    if json { try printJSON(["loss": result.value]) } else { print(result.value) }
  }

  private func read(_ spec: LossSpec) throws -> [String: ([Double], [Int])] {
    let file = try HDF5File(reading: input)
    var inputs: [String: ([Double], [Int])] = [:]
    for name in spec.input.names + (spec.input == .labelledPairs ? ["labels"] : []) {
      guard let shape = try file.shape(of: name) else {
        throw IeumError(.data, "dataset '/\(name)' is missing", file: input, remedy: "loss '\(spec.name)' reads \(spec.input.names.map { "/\($0)" }.joined(separator: ", "))")
      }
      inputs[name] = (try file.readDoubles(name), shape)
    }
    for name in ["queue_anchors", "queue_positives"] {
      if let shape = try file.shape(of: name) { inputs[name] = (try file.readDoubles(name), shape) }
    }
    return inputs
  }

  private func write(_ result: LossEvaluation, _ inputs: [String: ([Double], [Int])], to path: String) throws {
    let temporary = try AtomicFile.temporaryPath(for: path)
    let file = try HDF5File(creating: temporary)
    try file.makeGroup("grad")
    for (name, gradient) in result.gradients.sorted(by: { $0.key < $1.key }) {
      try file.write("grad/\(name)", doubles: gradient, shape: inputs[name]?.1 ?? [])
    }
    try file.close()
    try AtomicFile.commit(temporary, to: path)
  }
}
