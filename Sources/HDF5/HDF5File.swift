import Basics
import CHDF5
import Foundation

/// An open HDF5 file: numbers and strings in named datasets, attributes on groups and datasets.
///
/// All use of libhdf5 in the process is serialised by one lock, so a file may be shared between threads.
/// Names are paths from the root (`frames/features`, with or without the leading slash).
public final class HDF5File: @unchecked Sendable {
  /// Where the file lies.
  public let path: String
  private var file: ch_file
  private var isOpen = true

  /// Opens an existing file for reading.
  /// - Throws: ``IeumError`` (data) for a missing file, one that is not HDF5, or one that is cut off or damaged.
  public init(reading path: String) throws {
    self.path = path
    file = try HDF5File.opened(path, CH_READ)
  }

  /// Creates a file, in place of one that has this name. Give a temporary name and rename when it is whole.
  /// - Throws: ``IeumError`` (system) when the folder is missing or cannot be written.
  public init(creating path: String) throws {
    self.path = path
    file = try HDF5Library.locked {
      try HDF5Library.check(
        ch_open(path, Int32(CH_CREATE)), .system, "cannot be created", file: path, object: nil,
        remedy: "check that the folder exists and can be written, and that the disk is not full")
    }
  }

  /// Opens an existing file to add to it.
  /// - Throws: ``IeumError`` as ``init(reading:)``.
  public init(appending path: String) throws {
    self.path = path
    file = try HDF5File.opened(path, CH_APPEND)
  }

  deinit { try? close() }

  private static func opened(_ path: String, _ mode: Int) throws -> ch_file {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw IeumError(.data, "there is no such file", file: path, remedy: "check the path")
    }
    guard !isFolder.boolValue, FileManager.default.isReadableFile(atPath: path) else {
      throw IeumError(.data, "cannot be read", file: path, remedy: "give a readable file")
    }
    return try HDF5Library.locked {
      try FileProbe.admit(path)
      let file = ch_open(path, Int32(mode))
      guard file < 0 else { return file }
      throw refusal(of: path)
    }
  }

  /// Tells a file that is no HDF5 at all from one that is damaged.
  private static func refusal(of path: String) -> IeumError {
    let reason = HDF5Library.reason
    if reason.contains("signature not found") {
      return IeumError(
        .data, "is not an HDF5 file", file: path, remedy: "give an HDF5 file, or make this one again")
    }
    return IeumError(
      .data, "is a damaged or cut-off HDF5 file (HDF5: \(reason))", file: path,
      remedy: "delete it and make it again, or fetch it again")
  }

  /// Closes the file. Later use of it throws; closing twice does nothing.
  /// - Throws: ``IeumError`` (system) when what was written cannot reach the disk.
  public func close() throws {
    try HDF5Library.locked {
      guard isOpen else { return }
      isOpen = false
      try HDF5Library.check(
        ch_close(file), .system, "cannot be closed", file: path, object: nil,
        remedy: "check that the disk is not full")
    }
  }

  /// Hands everything written so far to the operating system.
  public func flush() throws {
    try perform(.system, "cannot be flushed", nil) { ch_flush($0) }
  }

  /// Whether a group or dataset of this name exists, readable or not.
  public func exists(_ name: String) -> Bool {
    HDF5Library.locked { isOpen && ch_kind(file, name) != Int32(CH_MISSING) }
  }

  /// The names of a group's children, sorted; groups and datasets alike.
  public func groups(in path: String = "/") throws -> [String] {
    try withFile { file in
      let (status, names) = HDF5Library.collectNames { ch_children(file, path.isEmpty ? "/" : path, $0, $1) }
      if status < 0 { throw IeumError(.data, "there is no such group", file: self.path, place: path) }
      return names
    }
  }

  /// Makes a group and its missing parents.
  public func makeGroup(_ name: String) throws {
    try perform(.system, "the group cannot be made", name) { ch_make_group($0, name) }
  }

  /// Runs one library call that gives a status, and turns a failure into an error naming file and object.
  func perform(_ kind: IeumError.Kind, _ doing: String, _ object: String?, _ call: (ch_file) -> Int32) throws
  {
    try withFile { file -> Void in
      try HDF5Library.check(
        call(file), kind, doing, file: path, object: object,
        remedy: kind == .data
          ? "make the file again" : "check that the disk is not full and the folder can be written")
    }
  }

  func withFile<T>(_ body: (ch_file) throws -> T) throws -> T {
    try HDF5Library.locked {
      guard isOpen else { throw IeumError(.system, "is closed already", file: path) }
      return try body(file)
    }
  }
}

extension HDF5Library {
  /// Collects the names that a C function hands to its callback.
  static func collectNames(
    _ call: (
      @convention(c) (UnsafeMutableRawPointer?, UnsafePointer<CChar>?) -> Void, UnsafeMutableRawPointer
    ) -> Int32
  ) -> (status: Int32, names: [String]) {
    let collected = Names()
    let status = call(
      { context, name in
        guard let context, let name else { return }
        Unmanaged<Names>.fromOpaque(context).takeUnretainedValue().names.append(String(cString: name))
      }, Unmanaged.passUnretained(collected).toOpaque())
    return (status, collected.names)
  }

  private final class Names {
    var names: [String] = []
  }
}
