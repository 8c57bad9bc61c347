import Basics
import Foundation
import Testing

/// Search indexes that cannot be written, fail, are damaged, or lose their writer.
extension SearchCommandTests {
  @Test func aReadOnlyIndexIsSearched() throws {
    let index = try create(.clips)
    func allow(_ mode: String) throws { _ = try Program.run(["-R", mode, index], program: "/bin/chmod") }
    defer {
      try? allow("u+w")
      world.remove()
    }
    try allow("a-w")
    // To the superuser nothing is read-only: then it is somebody else who asks.
    let somebody = getuid() == 0 ? ["/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] : ["/usr/bin/env"]
    func ask(_ arguments: String...) throws -> Program {
      try Program.run(somebody.dropFirst() + [Program.path] + arguments, program: somebody[0], cache: "/nowhere", in: "/")
    }
    let found = try ask("search", "a red circle", "--index", index, "--json")
    #expect(try found.status == 0 && (found.json["hits"] as? [Any])?.count == 10, "\(found.errors)")
    #expect(try ask("index", "check", index).status == 0)
    let changed = try ask("index", "remove", index, world.folder + "/images/1.svg")
    #expect(changed.status == 1 && changed.errors.contains(index), "\(changed.errors)")
  }

  @Test func aFailedIndexDoesNotBlockTheNext() throws {
    defer { world.remove() }
    let (folder, model) = (world.folder + "/mine", try experiment(.clips))
    try world.write("no picture", "bad/broken.png")
    let failed = try run("index", "create", folder, "--model", model, "--media", world.folder + "/bad")
    #expect(failed.status == 65 && failed.errors.contains("nothing could be indexed"), "\(failed.errors)")
    #expect(failed.errors.contains("1 item(s) left out"))
    let line = failed.errors.split(separator: "\n").first { $0.contains("left out") } ?? ""
    #expect(line.components(separatedBy: "broken.png").count == 2, "\(line)")
    #expect(!FileManager.default.fileExists(atPath: folder) && leftovers.isEmpty)
    let made = try run("index", "create", folder, "--model", model, "--media", world.folder + "/images")
    #expect(made.status == 0 && leftovers.isEmpty, "\(made.errors)")
    let again = try run("index", "create", folder, "--model", model, "--media", world.folder + "/images")
    #expect(again.status == 64 && again.errors.contains("is a search index already"), "\(again.errors)")
  }

  @Test func checkTellsWhatIsWrong() throws {
    defer { world.remove() }
    let index = try create(.clips)
    let sound = try run("index", "check", index)
    #expect(sound.status == 0 && sound.output.contains("36 items, sound"), "\(sound.errors)")
    #expect(try run("search", "a red circle", "--index", index).output.contains("(missing)") == false)
    try FileManager.default.removeItem(atPath: world.folder + "/images/3.svg")
    let lost = try run("index", "check", index)
    #expect(lost.status == 65 && lost.output.contains("1 media file(s) vanished: \(world.folder)/images/3.svg"), "\(lost.output)")
    let found = try run("search", "a red circle", "--index", index, "-k", "36")
    #expect(found.output.components(separatedBy: "(missing)").count == 2)
    let vectors = index + "/vectors-1.f32"
    var bytes = try Data(contentsOf: URL(fileURLWithPath: vectors))
    bytes[9] ^= 1
    try bytes.write(to: URL(fileURLWithPath: vectors))
    let damaged = try run("index", "check", index, "--json")
    #expect(damaged.status == 65 && damaged.output.contains("vectors-1.f32: bytes 0"), "\(damaged.output)")
    #expect(try run("index", "info", index).status == 0)
  }

  /// Temporary files and folders beside the index.
  private var leftovers: [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: world.folder)) ?? []).filter { $0.hasSuffix(".part") }
  }

  @Test func aKilledWriterLeavesAnIndexThatWorks() throws {
    defer { world.remove() }
    let index = try create(.clips)
    let (images, fresh, model) = (world.folder + "/images", world.folder + "/fresh", try experiment(.clips))
    let commands = [
      ["index", "add", index, images], ["index", "rebuild", index], ["index", "create", fresh, "--model", model, "--media", images],
    ]
    var generator = SeededGenerator(seed: 6, purpose: "kill")
    let clock = ContinuousClock()
    var killed = 0
    for command in commands {
      let begin = clock.now
      let whole = try Program.run(command, cache: world.folder + "/cache", in: world.folder)
      #expect(whole.status == 0, "\(whole.errors)")
      let length = (clock.now - begin) / .seconds(1)
      for _ in 0..<4 {
        try? FileManager.default.removeItem(atPath: fresh)
        let due = clock.now + .seconds(length * (0.2 + 0.8 * generator.uniform()))
        let run = try Program.run(command, cache: world.folder + "/cache", in: world.folder) { clock.now >= due }
        if run.status != 0 { killed += 1 }
        for folder in [index, fresh] where FileManager.default.fileExists(atPath: folder) {
          let check = try Program.run(["index", "check", folder], cache: world.folder + "/cache")
          #expect(check.status == 0 && check.output.contains("36 items, sound"), "\(command): \(check.output)\(check.errors)")
        }
        let found = try self.run("search", "a red circle", "--index", index, "--json")
        #expect(try found.status == 0 && (found.json["hits"] as? [Any])?.count == 10, "\(found.errors)")
      }
    }
    #expect(killed >= 6, "\(killed)")
    try? FileManager.default.removeItem(atPath: fresh)
    for command in commands {
      let last = try Program.run(command, cache: world.folder + "/cache", in: world.folder)
      #expect(last.status == 0, "\(last.errors)")
    }
    #expect(leftovers.isEmpty)
  }
}
