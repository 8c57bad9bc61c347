import Foundation

/// Keeps what was made for the key seen last.
final class Kept<Key: Equatable & Sendable, Value: Sendable>: @unchecked Sendable {
  private let lock = NSLock()
  private var known: (key: Key, value: Value)?

  /// - Parameter make: called where another key was seen last; one caller at a time.
  func value(_ key: Key, _ make: () throws -> Value) rethrows -> Value {
    lock.lock()
    defer { lock.unlock() }
    if let known, known.key == key { return known.value }
    let value = try make()
    known = (key, value)
    return value
  }
}
