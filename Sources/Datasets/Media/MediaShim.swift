import Basics
import CLibAV
import Foundation

/// Carries the statuses and messages of the C shim over into errors.
enum MediaShim {
  static let messageSize = 256

  /// Calls the shim with room for its message.
  /// - Throws: ``IeumError`` naming the file, with what libav says about it.
  static func call(
    _ path: String, _ what: String, _ body: (UnsafeMutablePointer<CChar>, Int) -> Int32
  ) throws {
    var message = [CChar](repeating: 0, count: messageSize)
    let status = body(&message, messageSize)
    guard Int(status) != Int(CLIBAV_OK) else { return }
    let text = String(decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    throw error(Int(status), text, path, what)
  }

  private static func error(_ status: Int, _ text: String, _ path: String, _ what: String) -> IeumError {
    switch status {
    case Int(CLIBAV_NO_STREAM):
      IeumError(.data, text, file: path, remedy: "leave it out, or ask for what it has")
    case Int(CLIBAV_NO_FILE):
      IeumError(.data, "the \(what) cannot be opened (\(text))", file: path, remedy: "check the path and its permissions")
    case Int(CLIBAV_UNSUPPORTED):
      IeumError(.data, "this kind of \(what) is not supported (\(text))", file: path, remedy: "convert it to MP4, H.264 and AAC")
    case Int(CLIBAV_NO_MEMORY):
      IeumError(.system, "not enough memory for the \(what)", file: path, remedy: "free memory or make it smaller")
    default:
      IeumError(.data, "the \(what) is damaged or cut short (\(text))", file: path, remedy: "fetch or export it again")
    }
  }
}

/// What a media file holds, told by its content and never by its name.
public struct MediaContent: Sendable, Hashable {
  public let hasPictures: Bool
  public let hasSound: Bool

  /// - Throws: ``IeumError`` (data) for a file that is missing, empty or no media file.
  public init(of path: String) throws {
    var streams: Int32 = 0
    try MediaShim.call(path, "file") { clibav_probe(path, &streams, $0, $1) }
    hasPictures = streams & 1 != 0
    hasSound = streams & 2 != 0
  }

  /// Whether a file is a still picture: an image of one frame. Animated GIFs are films.
  /// - Throws: ``IeumError`` (data) when it cannot be read.
  public static func isStill(_ path: String) throws -> Bool {
    guard let handle = FileHandle(forReadingAtPath: path), let head = try? handle.read(upToCount: 1 << 16) else {
      throw IeumError(.data, "cannot be read", file: path, remedy: "check that it exists and is readable")
    }
    try? handle.close()
    guard let format = ImageFormat([UInt8](head)) else { return false }
    guard format == .gif else { return true }
    // A GIF whose frames cannot be listed is left to the image decoder, which tells what is wrong with it.
    return (try? VideoFile(path).table.times.count).map { $0 < 2 } ?? true
  }
}
