import Basics
import Foundation

/// A lock between processes: held while the file `path` is open and locked, given back when the process ends,
/// however it ends. The file is removed on release.
final class FileLock {
  private let path: String
  private var descriptor: Int32

  /// Waits until no other process holds the lock.
  init(_ path: String) throws {
    self.path = path
    while true {
      descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
      guard descriptor >= 0, FileLock.lock(descriptor) else {
        throw IeumError(
          .system, "cannot be locked (\(String(cString: strerror(errno))))", file: path,
          remedy: "check that the folder can be written")
      }
      // The former holder may have removed the file while we waited for it: then another one counts now.
      if FileLock.isSame(descriptor, path) { return }
      close(descriptor)
    }
  }

  private static func lock(_ descriptor: Int32) -> Bool {
    while flock(descriptor, LOCK_EX) != 0 {
      if errno != EINTR { return false }
    }
    return true
  }

  private static func isSame(_ descriptor: Int32, _ path: String) -> Bool {
    var held = stat()
    var named = stat()
    return fstat(descriptor, &held) == 0 && stat(path, &named) == 0 && held.st_ino == named.st_ino
  }

  func release() {
    guard descriptor >= 0 else { return }
    unlink(path)
    close(descriptor)
    descriptor = -1
  }

  deinit { release() }
}
