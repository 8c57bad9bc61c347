import Basics
import FlyingFox
import Foundation

/// The folder that uploads pass through; it goes with the server. Those of servers that were killed go with the next.
struct UploadFolder: Sendable {
  let path: String

  init() throws {
    let base = NSTemporaryDirectory() + "ieum-uploads"
    AbandonedFiles.removeFolders(for: base)
    path = try AtomicFile.temporaryPath(for: "\(base).\(UUID().uuidString)")
  }

  func remove() { try? FileManager.default.removeItem(atPath: path) }
}

/// An uploaded file in a folder of its own, removed after use.
struct Upload: Sendable {
  let path: String
  private let folder: String

  /// Writes the request's body to a temporary file, never more than `limit` bytes.
  /// - Throws: ``Refusal``: 413 for more than that, 415 for a declared type that is neither picture nor film.
  static func receive(_ request: HTTPRequest, limit: Int, in uploads: UploadFolder) async throws -> Upload {
    let type = request.headers[.contentType] ?? "application/octet-stream"
    guard type.hasPrefix("image/") || type.hasPrefix("video/") || type.hasPrefix("application/octet-stream") else {
      throw Refusal(.unsupportedMediaType, "a picture or a film is expected, not \(type.prefix(60))")
    }
    let tooLarge = Refusal(.payloadTooLarge, "the upload is larger than \(limit >> 20) MB")
    if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > limit { throw tooLarge }
    let upload = try make(in: uploads)
    do {
      _ = FileManager.default.createFile(atPath: upload.path, contents: nil)
      guard let file = FileHandle(forWritingAtPath: upload.path) else { throw notStored }
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

  private static let notStored = Refusal(.internalServerError, "the upload cannot be stored")

  /// A folder that no other user can look into.
  private static func make(in uploads: UploadFolder) throws -> Upload {
    guard mkdir(uploads.path, 0o700) == 0 || errno == EEXIST else { throw notStored }
    let folder = "\(uploads.path)/\(UUID().uuidString)"
    guard mkdir(folder, 0o700) == 0 else { throw notStored }
    return Upload(path: folder + "/upload", folder: folder)
  }

  func remove() { try? FileManager.default.removeItem(atPath: folder) }
}
