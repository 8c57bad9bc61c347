import Basics
import FlyingFox
import Foundation
import Search

/// `GET /media?id=…`: the file of an item, or the part of it that a player asks for.
struct MediaResponse {
  private let database: SearchDatabase
  /// Bytes sent at a time where the player leaves the end open.
  private static let most = 8 << 20
  private static let types = [
    "mp4": "video/mp4", "m4v": "video/mp4", "webm": "video/webm", "mkv": "video/x-matroska", "mov": "video/quicktime",
    "ogv": "video/ogg", "avi": "video/x-msvideo", "mpg": "video/mpeg", "mpeg": "video/mpeg", "png": "image/png",
    "jpg": "image/jpeg", "jpeg": "image/jpeg", "webp": "image/webp", "gif": "image/gif", "bmp": "image/bmp",
    "svg": "image/svg+xml", "tif": "image/tiff", "tiff": "image/tiff", "ts": "video/mp2t", "wmv": "video/x-ms-wmv",
    "flv": "video/x-flv", "wav": "audio/wav", "ogg": "audio/ogg", "oga": "audio/ogg", "opus": "audio/ogg",
    "mp3": "audio/mpeg", "flac": "audio/flac", "m4a": "audio/mp4", "aac": "audio/aac",
  ]

  init(_ database: SearchDatabase) { self.database = database }

  /// - Throws: ``Refusal``: 404 for an unknown item, a file outside of the index's folders, or one that vanished; 416 for
  ///   bytes that are not there.
  func respond(_ request: HTTPRequest) async throws -> HTTPResponse {
    guard let id = request.query.first(where: { $0.name == "id" })?.value else {
      throw Refusal(.badRequest, "'id' is missing")
    }
    let gone = Refusal(.notFound, "the file of this item is not there any more")
    guard let item = try? database.item(id).item, let path = item.path,
      let type = MediaResponse.types[FileName.suffix(path)]
    else { throw Refusal(.notFound, "there is no such file") }
    guard try database.mayRead(path) else { throw gone }
    guard let size = try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int, size > 0 else { throw gone }
    let range = try self.range(request.headers[HTTPHeader("Range")], size: size)
    var headers: HTTPHeaders = [
      .contentType: type, HTTPHeader("Accept-Ranges"): "bytes", HTTPHeader("X-Content-Type-Options"): "nosniff",
      // A drawing (SVG) may hold scripts; shown by itself it has no rights here.
      HTTPHeader("Content-Security-Policy"): "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    ]
    if let range { headers[HTTPHeader("Content-Range")] = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(size)" }
    let body = try HTTPBodySequence(file: URL(fileURLWithPath: path), range: range, suggestedBufferSize: 1 << 16)
    return HTTPResponse(statusCode: range == nil ? .ok : .partialContent, headers: headers, body: body)
  }

  /// `bytes=from-to`, `bytes=from-`, `bytes=-last`; anything else asks for all.
  private func range(_ header: String?, size: Int) throws -> Range<Int>? {
    guard let header, header.hasPrefix("bytes="), !header.contains(",") else { return nil }
    let ends = header.dropFirst(6).split(separator: "-", omittingEmptySubsequences: false).map(String.init)
    guard ends.count == 2, ends.allSatisfy({ $0.allSatisfy { "0"..."9" ~= $0 } }), ends != ["", ""] else { return nil }
    // Numbers too large for this machine are behind the end of any file.
    func number(_ digits: String) -> Int { Int(digits) ?? .max }
    let first = ends[0].isEmpty ? size - min(size, number(ends[1])) : number(ends[0])
    guard first < size else { throw unsatisfiable(size) }
    let open = first + min(MediaResponse.most, size - first) - 1
    let last = ends[0].isEmpty ? size - 1 : ends[1].isEmpty ? open : min(number(ends[1]), size - 1)
    guard first <= last else { throw unsatisfiable(size) }
    return first..<last + 1
  }

  private func unsatisfiable(_ size: Int) -> Refusal {
    Refusal(.rangeNotSatisfiable, "there are no such bytes", [.contentRange: "bytes */\(size)"])
  }
}
