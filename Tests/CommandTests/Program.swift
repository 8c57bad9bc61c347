import Basics
import Foundation

/// The built program, run as a user does: status, standard output and standard error apart.
struct Program {
  let status: Int32
  let output: String
  let errors: String

  init(_ arguments: String...) throws { self = try Program.run(arguments) }

  init(_ arguments: [String]) throws { self = try Program.run(arguments) }

  private init(status: Int32, output: String, errors: String) {
    (self.status, self.output, self.errors) = (status, output, errors)
  }

  /// Standard output as a JSON object.
  var json: [String: Any] {
    get throws { try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any] ?? [:] }
  }

  /// The program beside the test bundle.
  static var path: String {
    URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().path + "/ieum"
  }

  static func run(_ arguments: String...) throws -> Program { try run(arguments) }

  /// - Parameters:
  ///   - cache: `$IEUM_CACHE` of the run; nil = as inherited.
  ///   - killedWhen: asked again and again while the program runs; once it says so, the program and its workers get a
  ///     SIGKILL; nil = never.
  static func run(
    _ arguments: [String], program: String = path, cache: String? = nil, in folder: String? = nil,
    environment: [String: String] = [:], killedWhen: (() -> Bool)? = nil
  ) throws -> Program {
    let (output, errors) = (scratch("out"), scratch("err"))
    defer { for path in [output, errors] { unlink(path) } }
    for path in [output, errors] { try AtomicFile.write("", to: path) }
    let process = Process()
    // A process group of its own, so that the workers die with it.
    process.executableURL = URL(fileURLWithPath: "/usr/bin/setsid")
    process.arguments = ["--wait", program] + arguments
    let settings = environment.merging(cache.map { ["IEUM_CACHE": $0] } ?? [:]) { $1 }
    process.environment = ProcessInfo.processInfo.environment.merging(settings) { $1 }
    if let folder { process.currentDirectoryURL = URL(fileURLWithPath: folder) }
    process.standardOutput = FileHandle(forWritingAtPath: output)
    process.standardError = FileHandle(forWritingAtPath: errors)
    try process.run()
    if let killedWhen {
      while process.isRunning, !killedWhen() { usleep(8000) }
      killSession(of: process)
    }
    process.waitUntilExit()
    return Program(
      status: process.terminationStatus, output: try String(contentsOfFile: output, encoding: .utf8),
      errors: try String(contentsOfFile: errors, encoding: .utf8))
  }

  /// Kills what `setsid` started, workers included: all of it has the session that it made, its own or its child's. Looks
  /// again until there is nobody left: a worker may just have been started.
  private static func killSession(of process: Process) {
    var leaders: Set<Int32> = [process.processIdentifier]
    while true {
      let list = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
      let table = list.compactMap { Int32($0) }.compactMap { id in status(of: id).map { (id, $0) } }
      leaders.formUnion(table.filter { $0.1.parent == process.processIdentifier }.map(\.0))
      let living = table.filter { leaders.contains($0.1.session) && $0.1.isAlive }
      if living.isEmpty { return }
      for (id, _) in living { kill(id, SIGKILL) }
      usleep(500)
    }
  }

  private static func status(of id: Int32) -> (isAlive: Bool, parent: Int32, session: Int32)? {
    guard let text = try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8),
      let end = text.lastIndex(of: ")")
    else { return nil }
    let fields = text[text.index(after: end)...].split(separator: " ")
    guard fields.count > 3, let parent = Int32(fields[1]), let session = Int32(fields[3]) else { return nil }
    return (!["Z", "X"].contains(fields[0]), parent, session)
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

/// A folder that is removed with its last user.
final class TestFolder: Sendable {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "ieum-command-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String) -> String { "\(path)/\(name)" }

  @discardableResult
  func write(_ text: String, _ name: String) throws -> String {
    try AtomicFile.write(text, to: file(name))
    return file(name)
  }
}
