import Basics
import Foundation
import Search
import Testing

extension ServerTests {
  @Test func rangesThatAreNotThereAreToldAndHarmNothing() async throws {
    let (world, database) = try ColourWorld.searchable()
    defer { world.remove() }
    let path = world.folder + "/media/red.jpg"
    let whole = try Data(contentsOf: URL(fileURLWithPath: path))
    let target = "/media?id=" + (path.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? "")
    try await served(database) { client in
      for range in ["\(Int.max)-", "\(Int.max)-\(Int.max)", "99999999999999999999-", "\(whole.count)-", "-0", "9-3"] {
        let answer = try client.get(target, ["Range": "bytes=\(range)"])
        #expect(answer.status == 416 && answer.head.contains("bytes */\(whole.count)"), "\(range): \(answer.head)")
      }
      let parts: [(String, Range<Int>)] = [
        ("-7", whole.count - 7..<whole.count), ("-\(Int.max)", 0..<whole.count), ("5-", 5..<whole.count),
        ("5-\(Int.max)", 5..<whole.count), ("\(whole.count - 1)-", whole.count - 1..<whole.count), ("0-0", 0..<1),
      ]
      for (range, wanted) in parts {
        let answer = try client.get(target, ["Range": "bytes=\(range)"])
        #expect(answer.status == 206 && answer.body == whole[wanted], "\(range): \(answer.head)")
      }
      for range in ["x-", "3-y", "-", "1-2-3"] {
        #expect(try client.get(target, ["Range": "bytes=\(range)"]).body == whole, "\(range)")
      }
      let head = try client.ask("HEAD", target)
      #expect(head.status == 200 && head.body.isEmpty && head.head.contains("Content-Length: \(whole.count)"))
      #expect(try client.ask("HEAD", target, ["Range": "bytes=\(Int.max)-"]).status == 416)
      let page = try client.ask("HEAD", "/")
      #expect(page.status == 200 && page.body.isEmpty && page.head.contains("text/html"))
    }
  }

  /// Whatever can be indexed can be shown; a drawing has no rights on the page.
  @Test func everyEndingHasItsType() async throws {
    let (world, database) = try ColourWorld.searchable()
    defer { world.remove() }
    let types = [
      "svg": "image/svg+xml", "tif": "image/tiff", "TIFF": "image/tiff", "ts": "video/mp2t", "wmv": "video/x-ms-wmv",
      "flv": "video/x-flv", "wav": "audio/wav", "ogg": "audio/ogg", "oga": "audio/ogg", "opus": "audio/ogg",
      "mp3": "audio/mpeg", "flac": "audio/flac", "m4a": "audio/mp4", "aac": "audio/aac",
    ]
    let items = try types.keys.sorted().map { ending -> (item: SearchItem, vector: [Float]) in
      let path = "\(world.folder)/media/some.\(ending)"
      try AtomicFile.write("something", to: path)
      return (SearchItem(id: ending, dataset: "x", path: path, caption: ending), [1, 0, 0])
    }
    try SearchWriter(database).add(items)
    try await served(database) { client in
      for (ending, type) in types {
        let answer = try client.get("/media?id=\(ending)")
        #expect(answer.status == 200 && answer.head.contains("Content-Type: \(type)"), "\(answer.head)")
        #expect(answer.head.contains("sandbox"))
      }
    }
  }
}
