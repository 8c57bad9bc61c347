import Basics
import Foundation
import Testing

@Suite struct AbandonedFilesTests {
  /// A process id that nobody has.
  private func dead() throws -> Int32 {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/true")
    try process.run()
    process.waitUntilExit()
    return process.processIdentifier
  }

  @Test func onlyFilesOfDeadWritersGo() throws {
    let folder = NSTemporaryDirectory() + "ieum-parts-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let mine = try AtomicFile.temporaryPath(for: folder + "/runs/a/result.json")
    let orphan = mine.replacing(".\(getpid()).part", with: ".\(try dead()).part")
    let place = try #require(mine.split(separator: ".").dropLast(2).last)
    #expect(orphan != mine && place.count == 8)
    let foreign = orphan.replacing(".\(place).", with: ".00000000.")
    let forgotten = foreign.replacing(".result.json", with: ".features.h5")
    let mentioned = folder + "/runs/a/spare.part"
    for path in [mine, orphan, foreign, forgotten, mentioned] { try Data("x".utf8).write(to: URL(fileURLWithPath: path)) }
    let before = Date(timeIntervalSinceNow: -2 * 86_400)
    for path in [forgotten, mentioned] {
      try FileManager.default.setAttributes([.modificationDate: before], ofItemAtPath: path)
    }
    #expect(AbandonedFiles.remove(under: folder) == 2)
    for path in [mine, foreign, mentioned] { #expect(FileManager.default.fileExists(atPath: path), "\(path)") }
    for path in [orphan, forgotten] { #expect(!FileManager.default.fileExists(atPath: path), "\(path)") }
    #expect(AbandonedFiles.remove(under: folder + "/nowhere") == 0)
  }

  /// A writer that has ended and that its parent has not taken note of yet.
  @Test func filesOfZombiesGo() throws {
    let folder = NSTemporaryDirectory() + "ieum-parts-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    var zombie: pid_t = 0
    let arguments: [UnsafeMutablePointer<CChar>?] = [strdup("true"), nil]
    defer { free(arguments[0]) }
    #expect(posix_spawn(&zombie, "/bin/true", nil, nil, arguments, environ) == 0)
    defer { waitpid(zombie, nil, 0) }
    var ended = siginfo_t()
    #expect(waitid(P_PID, id_t(zombie), &ended, WEXITED | WNOWAIT) == 0)
    let mine = try AtomicFile.temporaryPath(for: folder + "/result.json")
    let left = mine.replacing(".\(getpid()).part", with: ".\(zombie).part")
    for path in [mine, left] { try Data("x".utf8).write(to: URL(fileURLWithPath: path)) }
    #expect(AbandonedFiles.remove(under: folder) == 1)
    #expect(FileManager.default.fileExists(atPath: mine) && !FileManager.default.fileExists(atPath: left))
  }
}
