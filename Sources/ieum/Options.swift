import ArgumentParser
import Basics
import Foundation
import Harness
import Tensors

/// Settings of the compute engine that several commands share.
struct EngineOptions: ParsableArguments {
  @Option(help: "Threads of the tensor library and the BLAS (default: all cores).")
  var threads: Int?

  @Option(help: ArgumentHelp("BLAS kernel: 'inherit' obeys OPENBLAS_CORETYPE, 'auto' lifts it.", valueName: "inherit|auto"))
  var blasCore: BlasCore = .inherit

  enum BlasCore: String, ExpressibleByArgument, CaseIterable { case inherit, auto }

  func validate() throws {
    if let threads, threads < 1 { throw ValidationError("--threads must be at least 1") }
  }

  /// Sets up threads and kernels; to be called before any tensor is made.
  func apply() throws {
    try Engine.start(threads: threads, liftBlasCore: blasCore == .auto)
  }

  /// Keeps to the threads at once and does the rest at the result's first call, for commands that may need no tensor:
  /// libtorch takes a while to load.
  func whenNeeded() -> () throws -> Void {
    if let threads { Parallel.use(threads: threads) }
    var isApplied = false
    return {
      guard !isApplied else { return }
      try apply()
      isApplied = true
    }
  }
}

extension InferencePrecision: ExpressibleByArgument {}

extension Device: ExpressibleByArgument {
  public init?(argument: String) { self.init(argument) }
}

/// `key=value` pairs as typed parameters.
func parameters(_ pairs: [String]) throws -> [String: Scalar] {
  var values: [String: Scalar] = [:]
  for pair in pairs {
    guard let equals = pair.firstIndex(of: "="), equals != pair.startIndex else {
      throw IeumError(.usage, "'\(pair)' is not of the form key=value", place: "--param")
    }
    values[String(pair[..<equals])] = Scalar(parsing: String(pair[pair.index(after: equals)...]))
  }
  return values
}

/// Prints an `Encodable` or a JSON object with sorted keys on stdout.
func printJSON(_ object: Any) throws {
  let data = try JSONSerialization.data(withJSONObject: object, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
  print(String(decoding: data, as: UTF8.self))
}

func printJSON(encoding value: some Encodable) throws {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
  print(String(decoding: try encoder.encode(value), as: UTF8.self))
}

/// A line on stderr.
func warn(_ message: String) { FileHandle.standardError.write(Data("ieum: \(message)\n".utf8)) }
