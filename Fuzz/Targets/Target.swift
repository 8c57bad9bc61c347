import Basics
import Foundation

/// One reader under test.
struct FuzzTarget: Sendable {
  let name: String
  /// The suffix under which the input is written; readers that go by content get none.
  var suffix = ""
  /// Bytes that the reader's libraries may take whatever the input.
  var allowance = 1 << 20
  /// Reads the file; any ``IeumError`` is as good as a result.
  let read: @Sendable (_ path: String) throws -> Void

  static func named(_ name: String) -> FuzzTarget? { all.first { $0.name == name } }
}

/// A file in memory that holds the input while a reader opens it by name.
struct Scratch: Sendable {
  let path: String

  init(_ target: FuzzTarget) {
    let folder = FileManager.default.fileExists(atPath: "/dev/shm") ? "/dev/shm" : NSTemporaryDirectory()
    path = "\(folder)/ieum-fuzz-\(getpid())\(target.suffix)"
  }

  func write(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    let file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    guard file >= 0 else { return false }
    defer { close(file) }
    return Glibc.write(file, bytes.baseAddress, bytes.count) == bytes.count
  }
}

/// A folder in which the input stands under the names that a reader asks for.
struct InputFolder {
  let path: String

  init(_ input: String, names: [String]) throws {
    path = input + "." + names.joined(separator: "+")
    // Made once: the links stay, and the input changes behind them.
    guard mkdir(path, 0o700) == 0 else { return }
    for name in names where symlink(input, "\(path)/\(name)") != 0 {
      throw IeumError(.system, "cannot be linked", file: "\(path)/\(name)", remedy: "free some space in memory")
    }
  }

  func path(_ name: String) -> String { "\(path)/\(name)" }
}
