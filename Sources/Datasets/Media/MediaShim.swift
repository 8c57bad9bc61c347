import Basics
import CLibAV
import Foundation

/// libav, which reads films, sounds and most pictures.
public enum MediaLibrary {
  /// Version of its codecs, `59.37.100`. The library is loaded by the first use of this, or of any medium.
  public static var version: String {
    var text = [CChar](repeating: 0, count: 64)
    clibav_version(&text, text.count)
    return MediaShim.text(text)
  }
}

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
    throw error(Int(status), text(message), path, what)
  }

  /// What stands in a message buffer.
  static func text(_ message: [CChar]) -> String {
    String(decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  private static func error(_ status: Int, _ text: String, _ path: String, _ what: String) -> IeumError {
    switch status {
    case Int(CLIBAV_NO_STREAM):
      IeumError(.data, text, file: path, remedy: "leave it out, or ask for what it has")
    case Int(CLIBAV_NO_RANGE):
      IeumError(.data, text, file: path, remedy: "correct the times, or put the whole \(what) there")
    case Int(CLIBAV_NO_FILE):
      IeumError(
        .data, "the \(what) cannot be opened (\(text))", file: path,
        remedy: "check the path and its permissions")
    case Int(CLIBAV_UNSUPPORTED):
      IeumError(
        .data, "this kind of \(what) is not supported (\(text))", file: path,
        remedy: "convert it to MP4, H.264 and AAC")
    case Int(CLIBAV_NO_MEMORY):
      IeumError(
        .system, "not enough memory for the \(what)", file: path, remedy: "free memory or make it smaller")
    default:
      IeumError(
        .data, "the \(what) is damaged or cut short (\(text))", file: path, remedy: "fetch or export it again"
      )
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
}

/// What an image encoder makes of a file, told by its first bytes and, where they leave it open, by its
/// streams.
public enum MediaKind: Sendable, Hashable {
  case still
  /// Also where it is damaged: what begins like a film is meant to be one.
  case film
  /// Neither, or not readable: left to the image decoder, which tells what is wrong.
  case other

  public init(of path: String) {
    let handle = FileHandle(forReadingAtPath: path)
    let head = [UInt8]((try? handle?.read(upToCount: 1 << 16)) ?? Data())
    try? handle?.close()
    switch ImageFormat(head) {
    case .gif: self = (try? VideoFile(path).table.count).map { $0 > 1 } == true ? .film : .still
    case .some: self = .still
    case nil where MediaKind.beginsLikeFilm(head): self = .film
    case nil: self = (try? MediaContent(of: path).hasPictures) == true ? .film : .other
    }
  }

  /// MP4 and MOV, Matroska and WebM, AVI, Flash, ASF.
  private static func beginsLikeFilm(_ head: [UInt8]) -> Bool {
    let reader = ByteReader(head)
    let boxes = ["ftyp", "moov", "mdat", "wide", "free", "skip"]
    return boxes.contains { reader.matches($0, at: 4) }
      || (reader.matches("RIFF", at: 0) && reader.matches("AVI ", at: 8))
      || reader.matches("FLV", at: 0) || head.starts(with: [0x1A, 0x45, 0xDF, 0xA3])
      || head.starts(with: [0x30, 0x26, 0xB2, 0x75])
  }
}
