import Basics
import Foundation
import Search
import Testing

/// Uploads that take long, and what goes on beside them.
extension ServerTests {
  private func files(_ folder: String, _ start: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter { $0.hasPrefix(start) }
  }

  @Test func searchesAreAnsweredBeforeSlowUploads() async throws {
    let (world, database) = try ColourWorld.searchable()
    defer { world.remove() }
    let slow = try world.script(
      "slow", "touch \(world.folder)/began.$$\nwhile [ ! -e \(world.folder)/go ]; do sleep 0.05; done\nexit 1")
    let answers = Collected()
    try await served(database, decoder: slow) { client in
      for _ in 0..<9 {
        Thread.detachNewThread {
          answers.add(try? client.post("/api/search", Data(repeating: 1, count: 500), type: "image/png"))
        }
      }
      // Two are decoded, four wait, three are sent away.
      #expect(try await becomes { answers.all.count == 3 })
      #expect(answers.all.allSatisfy { $0.status == 503 && $0.head.contains("Retry-After: 5") })
      #expect(try await becomes { files(world.folder, "began.").count == 2 })
      #expect(try client.get("/api/search?q=green&k=1").ids.count == 1)
      #expect(try client.get("/api/info").json["items"] as? Int == 5)
      #expect(answers.all.count == 3 && files(world.folder, "began.").count == 2)
      try AtomicFile.write("", to: world.folder + "/go")
      #expect(try await becomes { answers.all.count == 9 })
      #expect(answers.all.count { $0.status == 400 } == 6)
      #expect(files(world.folder, "began.").count == 6)
    }
  }

  @Test func theDecoderDiesWithItsClient() async throws {
    let (world, database) = try ColourWorld.searchable()
    defer { world.remove() }
    let endless = try world.script(
      "endless", "echo $$ > \(world.folder)/half\nmv \(world.folder)/half \(world.folder)/process\nexec sleep 600")
    try await served(database, decoder: endless) { client in
      let connection = try client.begin(
        "POST", "/api/search", ["Content-Type": "image/png"], Data(repeating: 1, count: 500))
      let file = world.folder + "/process"
      #expect(try await becomes { FileManager.default.fileExists(atPath: file) })
      let text = try String(contentsOfFile: file, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
      let process = try #require(Int32(text))
      #expect(kill(process, 0) == 0)
      close(connection)
      // Its own limit is a minute; the server lets it die at once.
      #expect(try await becomes { kill(process, 0) != 0 })
      #expect(try client.get("/api/search?q=red&k=1").status == 200)
    }
  }
}

private final class Collected: @unchecked Sendable {
  private let lock = NSLock()
  private var answers: [PlainClient.Answer] = []

  func add(_ answer: PlainClient.Answer?) { lock.withLock { if let answer { answers.append(answer) } } }

  var all: [PlainClient.Answer] { lock.withLock { answers } }
}
