import Basics
import Foundation
import Testing

@Suite struct FileLockTests {
  @Test func oneHolderAtATime() throws {
    let path = NSTemporaryDirectory() + "ieum-lock-\(UUID().uuidString)"
    let first = try #require(try FileLock.attempt(path))
    #expect(try FileLock.attempt(path) == nil)
    first.release()
    #expect(!FileManager.default.fileExists(atPath: path))
    let second = try FileLock(path)
    #expect(try FileLock.attempt(path) == nil)
    second.release()
    second.release()
  }

  @Test func aLockOfADeadProcessIsFree() throws {
    let path = NSTemporaryDirectory() + "ieum-lock-\(UUID().uuidString)"
    defer { unlink(path) }
    let holder = Process()
    holder.executableURL = URL(fileURLWithPath: "/usr/bin/flock")
    // One process, so that nobody is left with the lock when it has been waited for.
    holder.arguments = ["--no-fork", path, "sleep", "60"]
    try holder.run()
    // Only looked at: a lock that is taken and released here would take the file away under the holder.
    while !FileLock.isHeld(path), holder.isRunning { usleep(2000) }
    #expect(try FileLock.attempt(path) == nil)
    kill(holder.processIdentifier, SIGKILL)
    holder.waitUntilExit()
    let lock = try #require(try FileLock.attempt(path))
    lock.release()
  }

  @Test func aFolderThatCannotBeWrittenIsNamed() {
    let error = #expect(throws: IeumError.self) { try FileLock("/nowhere/lock") }
    #expect(error?.kind == .system && error?.file == "/nowhere/lock")
  }

  /// The folder was moved away, and another one has taken its place, with a lock of its own.
  @Test func releaseLeavesTheLockOfAnotherFolder() throws {
    let folder = NSTemporaryDirectory() + "ieum-lock-\(UUID().uuidString)"
    defer { for path in [folder, folder + ".moved"] { try? FileManager.default.removeItem(atPath: path) } }
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let first = try FileLock(folder + "/lock")
    #expect(rename(folder, folder + ".moved") == 0)
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let second = try FileLock(folder + "/lock")
    first.release()
    #expect(FileManager.default.fileExists(atPath: folder + "/lock"))
    #expect(FileLock.isHeld(folder + "/lock"))
    second.release()
    #expect(!FileManager.default.fileExists(atPath: folder + "/lock"))
  }
}
