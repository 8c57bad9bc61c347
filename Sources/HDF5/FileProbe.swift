import Basics
import CHDF5
import Foundation

/// Keeps a damaged file from taking the program with it: a file that comes from anywhere is first read by another
/// process, `ieum-read-hdf5`, which lies beside the program. Where that is missing, files are read as they are.
///
/// What lies in the cache was written by ieum, under its final name only when it was whole, and is trusted. A file that was
/// admitted is not read again until it changes; of large ones the cache keeps a note.
enum FileProbe {
  /// Admitted by this process; guarded by the library's lock.
  nonisolated(unsafe) private static var admitted: Set<String> = []
  /// From here on reading twice costs more than a note does.
  private static let large = 16 << 20
  private static let reader = ProgramFiles.folder + "/ieum-read-hdf5"

  /// To be called with the library's lock.
  /// - Throws: ``IeumError`` (data) for a file that libhdf5 falls over.
  static func admit(_ path: String) throws {
    guard let (key, size) = identity(path), !admitted.contains(key) else { return }
    let cache = CacheRoot.path()
    let note = "\(cache)/checked/\(key.prefix(24))"
    let isKnown = size >= large && FileManager.default.fileExists(atPath: note)
    if !isKnown, !resolved(path).hasPrefix(resolved(cache) + "/") {
      var signal: Int32 = 0
      let answer = ch_probe(reader, path, &signal)
      guard answer != 1 else { throw refusal(path, signal) }
      if size >= large, answer == 0 { try? AtomicFile.write("\(path)\n", to: note) }
    }
    admitted.insert(key)
  }

  private static func refusal(_ path: String, _ signal: Int32) -> IeumError {
    let reason: String
    switch signal {
    case 0: reason = "its groups cannot be listed"
    case SIGXCPU: reason = "libhdf5 does not come to an end with it"
    default: reason = "libhdf5 falls over it, signal \(signal)"
    }
    return IeumError(
      .data, "is a damaged HDF5 file (\(reason))", file: path, remedy: "delete it and make it again, or fetch it again")
  }

  /// Which file this is and in which state; nil where there is none.
  private static func identity(_ path: String) -> (key: String, size: Int)? {
    var file = stat()
    guard stat(path, &file) == 0 else { return nil }
    let parts = "\(resolved(path)) \(file.st_dev) \(file.st_ino) \(file.st_size) \(file.st_mtim.tv_sec).\(file.st_mtim.tv_nsec)"
    return (Digest.of(parts), file.st_size)
  }

  private static func resolved(_ path: String) -> String { URL(fileURLWithPath: path).resolvingSymlinksInPath().path }
}
