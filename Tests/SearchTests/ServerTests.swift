import Basics
import Datasets
import Foundation
import Harness
import Search
import Serve
import Testing

@Suite(.serialized) struct ServerTests {
  @Test func thePageLoadsNothingFromElsewhere() async throws {
    let (world, database) = try ColourWorld.searchable()
    defer { world.remove() }
    try await served(database) { client in
      let page = try client.get("/")
      #expect(page.status == 200 && page.head.contains("Content-Security-Policy: default-src 'none'"))
      for target in ["/", "/page.css", "/page.js"] {
        let text = String(decoding: try client.get(target).body, as: UTF8.self)
        #expect(!text.isEmpty && !text.contains("http://") && !text.contains("https://") && !text.contains("//cdn"))
      }
      let info = try client.get("/api/info").json
      #expect(info["items"] as? Int == 5 && info["model"] as? String == "colours")
    }
  }

  @Test func searchesByTextItemPictureAndClip() async throws {
    let (world, database) = try ColourWorld.searchable()
    defer { world.remove() }
    let (red, film) = (world.folder + "/media/red.jpg", world.folder + "/media/light.mp4")
    try await served(database) { client in
      let text = try client.get("/api/search?q=green&k=1")
      #expect(text.json["decodeMilliseconds"] == nil && text.json["encodeMilliseconds"] != nil)
      #expect(text.status == 200 && text.ids == [film + "@2"] && text.json["items"] as? Int == 5)
      let name = film.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
      #expect(try client.get("/api/search?like=\(name)%400&k=1").ids == [red])
      let picture = try Data(contentsOf: URL(fileURLWithPath: red))
      #expect(try Set(client.post("/api/search?k=2", picture, type: "image/jpeg").ids) == [red, film + "@0"])
      let clip = try Data(contentsOf: URL(fileURLWithPath: film))
      let byClip = try client.post("/api/search?k=5", clip, type: "video/mp4")
      #expect(byClip.status == 200 && byClip.ids.count == 5)
      #expect(try #require(byClip.json["decodeMilliseconds"] as? Double) > 0)
      // Picture and words together: red + 3 × blue is nearer to blue than to red.
      let mixed = try client.post("/api/search?q=blue&textWeight=3&k=2", picture, type: "image/jpeg")
      #expect(Set(mixed.ids) == [world.folder + "/media/blue.jpg", film + "@4"])
    }
  }

  @Test func badRequestsAreToldAndHarmNothing() async throws {
    let (world, database) = try ColourWorld.searchable()
    defer { world.remove() }
    try await served(database, largestUpload: 100_000) { client in
      for target in [
        "/api/search", "/api/search?q=%3F%21", "/api/search?q=red&k=0", "/api/search?q=red&k=x",
        "/api/search?q=red&colour=1", "/api/search?like=nothing", "/api/search?q=red&shortest=nan",
        "/api/search?q=red&textWeight=1e308",
      ] {
        let answer = try client.get(target)
        #expect(answer.status == 400 && (answer.json["error"] as? String)?.isEmpty == false, "\(target)")
      }
      #expect(try client.get("/nothing").status == 404)
      #expect(try client.ask("DELETE", "/api/search?q=red").status == 405)
      #expect(try client.post("/api/search", Data("{}".utf8), type: "application/json").status == 415)
      #expect(try client.post("/api/search", Data(), type: "image/png").status == 400)
      let noise = try client.post("/api/search", Data((0..<5000).map { UInt8($0 * 7 % 251) }), type: "image/png")
      #expect(noise.json["error"] as? String ==
        "the upload is neither a picture nor a film that can be read; send PNG, JPEG, WebP or MP4")
      #expect(noise.status == 400)
      #expect(!String(decoding: noise.body, as: UTF8.self).contains("/tmp"))
      #expect(try client.post("/api/search", Data(count: 100_001), type: "image/png").status == 413)
      let announced = try client.ask(
        "POST", "/api/search", ["Content-Type": "image/png", "Content-Length": "4294967296"], Data(count: 10))
      #expect(announced.status == 413)
      let head = ["Content-Type": "image/png", "Transfer-Encoding": "chunked"]
      let huge = Data("100000000\r\n".utf8) + Data(count: 150_000)
      #expect(try client.ask("POST", "/api/search", head, huge).status == 413)
      let piece = Data("2000\r\n".utf8) + Data(count: 0x2000) + Data("\r\n".utf8)
      let pieces = (0..<20).reduce(into: Data()) { all, _ in all += piece }
      #expect(try client.ask("POST", "/api/search", head, pieces).status == 413)
      // Everything still works.
      #expect(try client.get("/api/search?q=red&k=1").status == 200)
    }
  }

  @Test func aBombOfPixelsIsRefused() async throws {
    let (world, database) = try ColourWorld.searchable()
    defer { world.remove() }
    let bomb = Self.bomb
    #expect(bomb.count > 400_000 && bomb.count < 600_000)
    try await served(database) { client in
      let answer = try client.post("/api/search", bomb, type: "image/png")
      #expect(answer.status == 400 && (answer.json["error"] as? String)?.contains("million pixels") == true)
      #expect(try client.get("/api/search?q=red&k=1").status == 200)
    }
  }

  /// Media that moved cannot be shown; everything else goes on.
  @Test func movedMediaAreMissedAlone() async throws {
    let (world, database) = try ColourWorld.searchable()
    defer { world.remove() }
    let red = world.folder + "/media/red.jpg"
    let name = red.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
    let thumbnail = try #require(try database.item(red).item.thumbnail)
    try await served(database) { client in
      #expect(try client.get("/media?id=\(name)").status == 200)
      #expect(try client.get("/api/search?q=red&k=5").hits.allSatisfy { $0["missing"] == nil })
      try FileManager.default.moveItem(atPath: world.folder + "/media", toPath: world.folder + "/moved")
      #expect(try client.get("/media?id=\(name)").status == 404)
      let found = try client.get("/api/search?q=red&k=5")
      #expect(found.ids.count == 5 && found.hits.allSatisfy { $0["missing"] as? Bool == true })
      #expect(try client.get("/api/search?like=\(name)&k=1").status == 200)
      #expect(try client.get("/thumbnails/\(thumbnail)").status == 200)
    }
  }

  /// A whole PNG of 20,000 × 30,000 white pixels in half a megabyte: 75 MB unpacked, 1.8 GB as RGB.
  private static var bomb: Data {
    func chunk(_ name: String, _ data: [UInt8]) -> [UInt8] {
      let body = Array(name.utf8) + data
      var crc: UInt32 = 0xFFFF_FFFF
      for byte in body {
        crc ^= UInt32(byte)
        for _ in 0..<8 { crc = crc & 1 == 1 ? 0xEDB8_8320 ^ (crc >> 1) : crc >> 1 }
      }
      return big(UInt32(data.count)) + body + big(crc ^ 0xFFFF_FFFF)
    }
    func big(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) } }
    let header = big(20_000) + big(30_000) + [1, 0, 0, 0, 0]
    return Data(
      [0x89, 0x50, 0x4E, 0x47, 13, 10, 26, 10] + chunk("IHDR", header) + chunk("IDAT", zeros(30_000 * (20_000 / 8 + 1)))
        + chunk("IEND", []))
  }

  /// A zlib stream of so many zeros: one, and then runs of 258 that repeat it, in Deflate's fixed code.
  private static func zeros(_ count: Int) -> [UInt8] {
    var (bytes, held, bits): ([UInt8], UInt32, UInt32) = ([0x78, 0x9C], 0, 0)
    func put(_ value: UInt32, _ length: UInt32) {
      held |= value << bits
      bits += length
      while bits >= 8 {
        bytes.append(UInt8(truncatingIfNeeded: held))
        (held, bits) = (held >> 8, bits - 8)
      }
    }
    /// Codes are sent from their highest bit on.
    func put(code: UInt32, _ length: UInt32) { for bit in (0..<length).reversed() { put(code >> bit & 1, 1) } }
    put(0b011, 3)
    put(code: 0x30, 8)
    let (runs, rest) = (count - 1).quotientAndRemainder(dividingBy: 258)
    for _ in 0..<runs {
      put(code: 0xC5, 8)
      put(code: 0, 5)
    }
    for _ in 0..<rest { put(code: 0x30, 8) }
    put(code: 0, 7)
    if bits > 0 { put(0, 8 - bits) }
    let sum = UInt32(count % 65_521)
    return bytes + [UInt8(sum >> 8), UInt8(sum & 255), 0, 1]
  }

  @Test func filesOutsideAreNotServed() async throws {
    let (world, database) = try ColourWorld.searchable()
    defer { world.remove() }
    try AtomicFile.write("secret", to: world.folder + "/secret.png")
    try FileManager.default.createSymbolicLink(
      atPath: world.folder + "/media/link.png", withDestinationPath: world.folder + "/secret.png")
    try SearchWriter(database).add([
      (SearchItem(id: "outside", dataset: "x", path: world.folder + "/secret.png", caption: "x"), [1, 0, 0]),
      (SearchItem(id: "link", dataset: "x", path: world.folder + "/media/link.png", caption: "x"), [1, 0, 0]),
      (SearchItem(id: "gone", dataset: "x", path: world.folder + "/media/gone.png", caption: "x"), [1, 0, 0]),
    ])
    let thumbnail = try #require(try database.item(world.folder + "/media/red.jpg").item.thumbnail)
    try await served(database) { client in
      for target in [
        "/thumbnails/../items.sqlite", "/thumbnails/..%2Fitems.sqlite", "/thumbnails/%2e%2e/items.sqlite",
        "/../../etc/passwd", "/media?id=..%2Fitems.sqlite", "/media?id=outside", "/media?id=link", "/media?id=gone",
        "/items.sqlite",
      ] {
        let answer = try client.get(target)
        #expect(answer.status == 404, "\(target)")
        #expect(!String(decoding: answer.body, as: UTF8.self).contains("secret"))
      }
      #expect(try client.get("/thumbnails/\(thumbnail)").body.starts(with: [0xFF, 0xD8]))
      let name = (world.folder + "/media/red.jpg").addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
      let whole = try Data(contentsOf: URL(fileURLWithPath: world.folder + "/media/red.jpg"))
      #expect(try client.get("/media?id=\(name)").body == whole)
      let part = try client.get("/media?id=\(name)", ["Range": "bytes=10-19"])
      #expect(part.status == 206 && part.body == whole[10..<20])
      #expect(part.head.contains("bytes 10-19/\(whole.count)"))
      #expect(try client.get("/media?id=\(name)", ["Range": "bytes=99999999-"]).status == 416)
      // Pages of other sites, and names that an attacker points at this machine.
      #expect(try client.get("/api/search?q=red", ["Origin": "http://evil.example"]).status == 403)
      #expect(try client.get("/api/search?q=red", ["Host": "evil.example"]).status == 403)
      #expect(try client.get("/api/search?q=red", ["Origin": "http://127.0.0.1:\(client.port ^ 1)"]).status == 403)
      #expect(try client.get("/api/search?q=red", ["Origin": "null"]).status == 403)
      #expect(try client.get("/api/search?q=red", ["Origin": "http://127.0.0.1:\(client.port)"]).status == 200)
    }
  }

  @Test func decodingIsLimited() throws {
    let world = try ColourWorld()
    defer { world.remove() }
    let slow = world.folder + "/slow"
    try AtomicFile.write("#!/bin/sh\nexec sleep 30\n", to: slow)
    chmod(slow, 0o755)
    let start = ContinuousClock.now
    #expect { try UploadDecoder(program: slow, seconds: 0.5).decode("x") } throws: {
      ($0 as? IeumError)?.problem.contains("more time or memory") == true
    }
    #expect(ContinuousClock.now - start < .seconds(20))
  }
}
