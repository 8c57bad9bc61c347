import Basics
import Datasets
import Foundation
import Harness
import Search
import Serve
import Testing

/// Sounds on the page: as queries where the model hears, refused in words where it does not.
extension ServerTests {
  private func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path)) }

  @Test func soundsAreQueriesWhereTheModelHears() async throws {
    let world = try ColourWorld(hears: true)
    defer { world.remove() }
    let low = try world.tone("low.ogg", hertz: 80)
    let high = try world.tone("high.wav", hertz: 900, seconds: 1.5)
    let (red, blue) = (try world.picture("red.jpg", 250, 0, 0), try world.picture("blue.jpg", 0, 0, 250))
    let database = try world.database()
    _ = try SearchIngest(database, encoder: world.encoder).add(files: [world.folder + "/media"])
    let queries = world.folder + "/queries"
    try FileManager.default.createDirectory(atPath: queries, withIntermediateDirectories: true)
    try await served(database, hears: true) { client in
      #expect(try client.get("/api/info").json["hears"] as? Bool == true)
      // By the very samples that a file is indexed with.
      for (path, type) in [(low, "audio/ogg"), (high, "audio/wav"), (high, "application/octet-stream"), (low, "video/ogg")] {
        let answer = try client.post("/api/search?k=1", bytes(path), type: type)
        #expect(answer.status == 200 && answer.ids == [path], "\(type): \(answer.json)")
        #expect((answer.hits.first?["score"] as? Double ?? 0) > 0.99999)
        #expect(try #require(answer.json["decodeMilliseconds"] as? Double) > 0)
      }
      let flac = try world.tone("other.flac", hertz: 850)
      #expect(try Set(client.post("/api/search?k=2", bytes(flac), type: "audio/flac").ids) == [high, blue])
      // A sound and words; pictures and films as ever.
      let mixed = try client.post("/api/search?q=red&textWeight=9&k=2", bytes(high), type: "audio/wav")
      #expect(Set(mixed.ids) == [low, red])
      #expect(try client.post("/api/search?k=1", bytes(blue), type: "image/jpeg").ids == [blue])
      // A film is looked at, unless it is sent as a sound.
      let film = try world.film("light.mp4", seconds: 2)
      #expect(try client.post("/api/search?k=1", bytes(film), type: "video/mp4").status == 200)
      let silent = try client.post("/api/search?k=1", bytes(film), type: "audio/mp4")
      #expect(silent.status == 400 && (silent.json["error"] as? String)?.contains("is no sound") == true, "\(silent.json)")
      let found = try client.get("/api/search?q=blue&k=9").hits.compactMap { $0["item"] as? [String: Any] }
      let sound = try #require(found.first { $0["id"] as? String == high })
      #expect(sound["film"] == nil && sound["thumbnail"] == nil && sound["seconds"] as? Double == 1.5)
      let media = try client.get(
        "/media?id=" + (high.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""), ["Range": "bytes=0-3"])
      #expect(media.status == 206 && media.head.contains("audio/wav") && media.body == Data("RIFF".utf8))
    }
  }

  @Test func badSoundsAreToldAndHarmNothing() async throws {
    let world = try ColourWorld(hears: true)
    defer { world.remove() }
    let database = try world.database()
    _ = try world.tone("low.ogg", hertz: 80)
    _ = try SearchIngest(database, encoder: world.encoder).add(files: [world.folder + "/media"])
    let long = try world.tone("long.flac", hertz: 0, seconds: 605)
    let noise = Data((0..<5000).map { UInt8($0 * 7 % 251) })
    try await served(database, largestUpload: 4 << 20, hears: true) { client in
      let told: [(Data, String, Int, String)] = [
        (noise, "audio/ogg", 400, "no sound that can be read"), (Data(), "audio/wav", 400, "empty"),
        (noise, "application/octet-stream", 400, "WAV, OGG, FLAC or MP3"),
        (try bytes(long), "audio/flac", 400, "longer than 10 minutes"),
        (noise, "text/plain", 415, "a picture, a film or a sound is expected"),
        (Data(count: 5 << 20), "audio/wav", 413, "larger than 4 MB"),
      ]
      for (data, type, status, words) in told {
        let answer = try client.post("/api/search", data, type: type)
        #expect(answer.status == status && (answer.json["error"] as? String)?.contains(words) == true, "\(answer.json)")
        #expect(!String(decoding: answer.body, as: UTF8.self).contains("/tmp"))
      }
      #expect(try client.get("/api/search?q=red&k=1").status == 200)
    }
  }

  @Test func soundsAreRefusedInWordsWhereTheModelDoesNotHear() async throws {
    let (world, database) = try ColourWorld.searchable()
    defer { world.remove() }
    let sound = try bytes(world.tone("low.ogg", hertz: 80))
    try await served(database) { client in
      #expect(try client.get("/api/info").json["hears"] as? Bool == false)
      for (type, status) in [("audio/ogg", 415), ("application/ogg", 415), ("application/octet-stream", 400), ("video/ogg", 400)] {
        let answer = try client.post("/api/search", sound, type: type)
        #expect(answer.status == status, "\(type): \(answer.json)")
        #expect((answer.json["error"] as? String)?.contains("has no sound side; send a picture or a film") == true)
      }
      #expect(try client.get("/api/search?q=red&k=1").status == 200)
    }
  }

  @Test func theSheetShowsSoundsAsSuch() throws {
    let world = try ColourWorld(hears: true)
    defer { world.remove() }
    _ = try world.tone("low.ogg", hertz: 80)
    let database = try world.database()
    _ = try SearchIngest(database, encoder: world.encoder).add(files: [world.folder + "/media"])
    let answer = try world.engine(database).answer(SearchQuery([(.text("red"), 1)]))
    #expect(answer.hits.count == 1 && answer.hits[0].item.isSound)
    let html = SearchSheet(title: "T", note: "n", answers: [answer], folder: database.folder).html
    #expect(html.contains("♪") && html.contains("1.0 s") && !html.contains("<img"))
  }
}
