import Basics
import Foundation

/// Row-major float32 vectors `[count, dimension]`, in memory or mapped from a file; read-only once made.
public final class VectorMatrix: @unchecked Sendable {
  public let count: Int
  public let dimension: Int
  /// `[count, dimension]`
  public let values: UnsafePointer<Float>
  private let storage: Storage

  private enum Storage {
    case owned(UnsafeMutablePointer<Float>)
    case mapped(MappedFile)
  }

  /// - Throws: ``IeumError`` (data) when the values are no whole, finite rows.
  public init(_ rows: [Float], dimension: Int, file: String? = nil) throws {
    guard dimension > 0, rows.count % dimension == 0 else {
      throw IeumError(.data, "\(rows.count) values are no rows of \(dimension)", file: file)
    }
    if let bad = rows.firstIndex(where: { !$0.isFinite }) {
      throw IeumError(
        .data, "holds \(rows[bad])", file: file, place: "row \(bad / dimension)",
        remedy: "write finite vectors")
    }
    let memory = UnsafeMutablePointer<Float>.allocate(capacity: max(rows.count, 1))
    rows.withUnsafeBufferPointer {
      if let base = $0.baseAddress { memory.update(from: base, count: rows.count) }
    }
    storage = .owned(memory)
    values = UnsafePointer(memory)
    count = rows.count / dimension
    self.dimension = dimension
  }

  /// Maps a file of raw little-endian float32 rows.
  /// - Parameter growing: the file may hold more rows than `count`, which are not looked at.
  /// - Throws: ``IeumError`` (data) when it cannot be mapped or has another size.
  public init(mapping path: String, count: Int, dimension: Int, growing: Bool = false) throws {
    let file = try MappedFile(path)
    let needed = count * dimension * 4
    guard dimension > 0, growing ? file.size >= needed : file.size == needed else {
      throw IeumError(
        .data, "has \(file.size) bytes where \(count) × \(dimension) floats take \(needed)", file: path,
        remedy: "build the index again")
    }
    storage = .mapped(file)
    values = file.base.assumingMemoryBound(to: Float.self)
    self.count = count
    self.dimension = dimension
  }

  deinit { if case .owned(let memory) = storage { memory.deallocate() } }

  public func row(_ index: Int) -> UnsafePointer<Float> { values + index * dimension }

  /// A copy of one row.
  public func vector(_ index: Int) -> [Float] {
    Array(UnsafeBufferPointer(start: row(index), count: dimension))
  }

  /// Writes the rows as raw float32 under a temporary name, then renames.
  public func write(to path: String) throws {
    let bytes = UnsafeRawBufferPointer(start: values, count: count * dimension * 4)
    try RawFile.write(bytes, to: path)
  }
}

/// A whole file mapped read-only; several processes share its pages.
final class MappedFile: @unchecked Sendable {
  let base: UnsafeRawPointer
  let size: Int

  /// - Throws: ``IeumError`` (data) for a missing or empty file.
  init(_ path: String) throws {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw IeumError(
        .data, "cannot be read (\(String(cString: strerror(errno))))", file: path, remedy: "check the path")
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size > 0 else {
      throw IeumError(.data, "is no file with content", file: path, remedy: "build the index again")
    }
    size = Int(status.st_size)
    guard let mapped = mmap(nil, size, PROT_READ, MAP_SHARED, descriptor, 0), mapped != MAP_FAILED else {
      throw IeumError(.system, "cannot be mapped (\(String(cString: strerror(errno))))", file: path)
    }
    base = UnsafeRawPointer(mapped)
  }

  deinit { munmap(UnsafeMutableRawPointer(mutating: base), size) }
}

/// Writes large memory without copying it first.
enum RawFile {
  static func write(_ bytes: UnsafeRawBufferPointer, to path: String) throws {
    let temporary = try AtomicFile.temporaryPath(for: path)
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    var written = descriptor >= 0 ? 0 : -1
    while written >= 0, written < bytes.count {
      let step = Foundation.write(
        descriptor, bytes.baseAddress.map { $0 + written }, min(bytes.count - written, 1 << 30))
      written = step > 0 ? written + step : -1
    }
    let reason = String(cString: strerror(errno))
    if descriptor >= 0 { close(descriptor) }
    guard written == bytes.count else {
      unlink(temporary)
      throw IeumError(
        .system, "cannot be written (\(reason))", file: path, remedy: "free disk space or check permissions")
    }
    try AtomicFile.commit(temporary, to: path)
  }
}
