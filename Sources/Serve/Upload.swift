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
  /// Whether it was sent as a sound, whatever else the file holds, such as a cover.
  let isSound: Bool
  private let folder: String

  /// Writes the request's body to a temporary file, never more than `limit` bytes.
  /// - Parameter hears: whether the model takes sounds.
  /// - Throws: ``Refusal``: 413 for more than that, 415 for a declared type that the model does not take.
  static func receive(_ request: HTTPRequest, limit: Int, hears: Bool, in uploads: UploadFolder) async throws -> Upload {
    let type = (request.headers[.contentType] ?? "application/octet-stream").lowercased()
    func isOne(of starts: String...) -> Bool { starts.contains { type.hasPrefix($0) } }
    let isSound = isOne(of: "audio/", "application/ogg")
    guard isSound || isOne(of: "image/", "video/", "application/octet-stream") else {
      let expected = hears ? "a picture, a film or a sound is" : "a picture or a film is"
      throw Refusal(.unsupportedMediaType, "\(expected) expected, not \(type.prefix(60))")
    }
    guard !isSound || hears else { throw Refusal(.unsupportedMediaType, UploadDecoder.unheard) }
    let tooLarge = Refusal(.payloadTooLarge, "the upload is larger than \(limit >> 20) MB")
    if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > limit { throw tooLarge }
    let upload = try make(in: uploads, isSound: isSound)
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
  private static func make(in uploads: UploadFolder, isSound: Bool) throws -> Upload {
    guard mkdir(uploads.path, 0o700) == 0 || errno == EEXIST else { throw notStored }
    let folder = "\(uploads.path)/\(UUID().uuidString)"
    guard mkdir(folder, 0o700) == 0 else { throw notStored }
    return Upload(path: folder + "/upload", isSound: isSound, folder: folder)
  }

  func remove() { try? FileManager.default.removeItem(atPath: folder) }
}
