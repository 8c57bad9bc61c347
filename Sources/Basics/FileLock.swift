import Foundation

/// A lock between processes: held while the file `path` is open and locked, given back when the process ends,
/// however it ends. The file is removed on release.
public final class FileLock {
  private let path: String
  private var descriptor: Int32

  /// Waits until no other process holds the lock.
  /// - Throws: ``IeumError`` (system) when the file cannot be made or locked.
  public convenience init(_ path: String) throws {
    guard let held = try FileLock.take(path, wait: true) else {
      throw IeumError(.system, "cannot be locked", file: path)
    }
    self.init(path, held)
  }

  /// The lock, or nil while another process holds it.
  /// - Throws: ``IeumError`` (system) when the file cannot be made or locked.
  public static func attempt(_ path: String) throws -> FileLock? {
    try take(path, wait: false).map { FileLock(path, $0) }
  }

  /// Whether some process holds the lock; changes nothing.
  public static func isHeld(_ path: String) -> Bool {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    // Shared, so that those who look do not take each other for a holder.
    return !lock(descriptor, LOCK_SH | LOCK_NB) && errno == EWOULDBLOCK
  }

  private init(_ path: String, _ descriptor: Int32) {
    self.path = path
    self.descriptor = descriptor
  }

  private static func take(_ path: String, wait: Bool) throws -> Int32? {
    while true {
      let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
      guard descriptor >= 0 else { throw refused(path) }
      guard lock(descriptor, wait ? LOCK_EX : LOCK_EX | LOCK_NB) else {
        let reason = errno
        close(descriptor)
        if reason == EWOULDBLOCK, !wait { return nil }
        errno = reason
        throw refused(path)
      }
      // The former holder may have removed the file while we waited for it: then another one counts now.
      if isSame(descriptor, path) { return descriptor }
      close(descriptor)
    }
  }

  private static func refused(_ path: String) -> IeumError {
    IeumError(
      .system, "cannot be locked (\(String(cString: strerror(errno))))", file: path,
      remedy: "check that the folder can be written and the disk is not full")
  }

  private static func lock(_ descriptor: Int32, _ operation: Int32) -> Bool {
    while flock(descriptor, operation) != 0 {
      if errno != EINTR { return false }
    }
    return true
  }

  private static func isSame(_ descriptor: Int32, _ path: String) -> Bool {
    var held = stat()
    var named = stat()
    return fstat(descriptor, &held) == 0 && stat(path, &named) == 0 && held.st_ino == named.st_ino
  }

  public func release() {
    guard descriptor >= 0 else { return }
    // The folder around it may have been replaced: then the name is another's.
    if FileLock.isSame(descriptor, path) { unlink(path) }
    close(descriptor)
    descriptor = -1
  }

  deinit { release() }
}
