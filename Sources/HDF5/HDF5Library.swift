import Basics
import CHDF5
import Foundation

/// What all uses of libhdf5 share: one lock (the library is not thread-safe) and one way to make errors.
enum HDF5Library {
  private static let lock = NSRecursiveLock()

  /// Runs one operation on the library, alone in the process.
  static func locked<T>(_ body: () throws -> T) rethrows -> T {
    lock.lock()
    defer { lock.unlock() }
    ch_reset()
    return try body()
  }

  /// libhdf5's reason for the failure just seen.
  static var reason: String {
    String(cString: ch_error_text()).split(whereSeparator: \.isNewline).joined(separator: " ")
  }

  /// - Throws: ``IeumError`` naming the file and the object when `status` is negative.
  @discardableResult
  static func check<T: BinaryInteger>(
    _ status: T, _ kind: IeumError.Kind, _ doing: String, file: String, object: String?, remedy: String? = nil
  ) throws -> T {
    guard status < 0 else { return status }
    throw IeumError(kind, "\(doing) (HDF5: \(reason))", file: file, place: object, remedy: remedy)
  }

  /// Collects the strings that a C function hands to its callback; bytes that are not UTF-8 give nil.
  static func collectStrings(
    _ call: (
      @convention(c) (UnsafeMutableRawPointer?, UnsafePointer<CChar>?, Int) -> Void, UnsafeMutableRawPointer
    )
      -> Int32
  ) -> (status: Int32, strings: [String?]) {
    let collected = Collected()
    let status = call(
      { context, bytes, length in
        guard let context, let bytes else { return }
        let buffer = UnsafeRawBufferPointer(start: bytes, count: length)
        let text = String(validating: buffer, as: UTF8.self)
        Unmanaged<Collected>.fromOpaque(context).takeUnretainedValue().strings.append(text)
      }, Unmanaged.passUnretained(collected).toOpaque())
    return (status, collected.strings)
  }

  private final class Collected {
    var strings: [String?] = []
  }
}

/// The version of libhdf5 in use, for `ieum doctor`.
public enum HDF5Version {
  public static var text: String {
    let packed = HDF5Library.locked { ch_version() }
    return "\(packed / 1_000_000).\(packed / 1000 % 1000).\(packed % 1000)"
  }
}
