import Basics
import Foundation

/// The built program, run as a user does: status, standard output and standard error apart.
struct Program {
  let status: Int32
  let output: String
  let errors: String

  static func run(_ arguments: String...) throws -> Program { try run(arguments) }

  /// - Parameter cache: `$IEUM_CACHE`; nil = as it is.
  static func run(_ arguments: [String], cache: String? = nil) throws -> Program {
    let program = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().path + "/ieum"
    let (output, errors) = (scratch("out"), scratch("err"))
    defer { for path in [output, errors] { unlink(path) } }
    for path in [output, errors] { try AtomicFile.write("", to: path) }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    if let cache { process.environment = ProcessInfo.processInfo.environment.merging(["IEUM_CACHE": cache]) { $1 } }
    process.standardOutput = FileHandle(forWritingAtPath: output)
    process.standardError = FileHandle(forWritingAtPath: errors)
    try process.run()
    process.waitUntilExit()
    return Program(
      status: process.terminationStatus, output: try String(contentsOfFile: output, encoding: .utf8),
      errors: try String(contentsOfFile: errors, encoding: .utf8))
  }

  static func scratch(_ name: String) -> String { NSTemporaryDirectory() + "ieum-\(UUID().uuidString)-\(name)" }

  /// A folder that goes away with the scope.
  static func withFolder<T>(_ body: (String) throws -> T) throws -> T {
    let folder = scratch("folder")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try body(folder)
  }
}
