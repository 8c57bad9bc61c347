import Basics
import FlyingFox
import Foundation
import Search

/// The parameters of `/api/search`: `q`, `like` (repeatable), `k`, `dataset`, `film`, `language`, `shortest`, `longest`,
/// `textWeight`, `likeWeight`, `uploadWeight`.
struct RequestedSearch: Sendable {
  var parts: [(part: SearchQuery.Part, weight: Double)] = []
  var k = 24
  var filter = SearchFilter()
  var uploadWeight = 1.0

  /// - Throws: ``Refusal`` for an unknown parameter or a value that is none.
  init(_ request: HTTPRequest) throws {
    var (textWeight, likeWeight) = (1.0, 1.0)
    var (texts, items): ([String], [String]) = ([], [])
    func number(_ item: HTTPRequest.QueryItem) throws -> Double {
      guard let value = Double(item.value), value.isFinite else {
        throw Refusal(.badRequest, "'\(item.name)' must be a number")
      }
      return value
    }
    for item in request.query where !item.value.isEmpty {
      guard item.value.utf8.count <= 4000 else { throw Refusal(.badRequest, "'\(item.name)' is too long") }
      switch item.name {
      case "q": texts.append(item.value)
      case "like": items.append(item.value)
      case "k":
        guard let value = Int(item.value), (1...200).contains(value) else {
          throw Refusal(.badRequest, "'k' must be 1…200")
        }
        k = value
      case "dataset": filter.dataset = item.value
      case "film": filter.film = item.value
      case "language": filter.language = item.value
      case "shortest": filter.shortest = try number(item)
      case "longest": filter.longest = try number(item)
      case "textWeight": textWeight = try number(item)
      case "likeWeight": likeWeight = try number(item)
      case "uploadWeight": uploadWeight = try number(item)
      default: throw Refusal(.badRequest, "the parameter '\(item.name)' is unknown")
      }
    }
    for text in texts { parts.append((.text(text), textWeight)) }
    for item in items { parts.append((.like(item), likeWeight)) }
    if parts.isEmpty, request.method == .GET {
      throw Refusal(.badRequest, "there is nothing to look for; give 'q' or 'like', or POST a picture")
    }
  }
}

/// An uploaded file in a folder of its own, removed after use.
struct Upload: Sendable {
  let path: String
  private let folder: String

  /// Writes the request's body to a temporary file, never more than `limit` bytes.
  /// - Throws: ``Refusal``: 413 for more than that, 415 for a declared type that is neither picture nor film.
  static func receive(_ request: HTTPRequest, limit: Int) async throws -> Upload {
    let type = request.headers[.contentType] ?? "application/octet-stream"
    guard type.hasPrefix("image/") || type.hasPrefix("video/") || type.hasPrefix("application/octet-stream") else {
      throw Refusal(.unsupportedMediaType, "a picture or a film is expected, not \(type.prefix(60))")
    }
    let tooLarge = Refusal(.payloadTooLarge, "the upload is larger than \(limit >> 20) MB")
    if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > limit { throw tooLarge }
    var template = Array((NSTemporaryDirectory() + "ieum-upload-XXXXXX").utf8CString)
    guard mkdtemp(&template) != nil else { throw Refusal(.internalServerError, "the upload cannot be stored") }
    let folder = String(decoding: template.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let upload = Upload(path: folder + "/upload", folder: folder)
    do {
      _ = FileManager.default.createFile(atPath: upload.path, contents: nil)
      guard let file = FileHandle(forWritingAtPath: upload.path) else {
        throw Refusal(.internalServerError, "the upload cannot be stored")
      }
      defer { try? file.close() }
      var received = 0
      for try await piece in request.bodySequence {
        received += piece.count
        guard received <= limit else { throw tooLarge }
        try file.write(contentsOf: piece)
      }
      guard received > 0 else { throw Refusal(.badRequest, "the upload is empty") }
      return upload
    } catch {
      upload.remove()
      throw error
    }
  }

  func remove() { try? FileManager.default.removeItem(atPath: folder) }
}
