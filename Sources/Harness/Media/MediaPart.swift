import Basics
import Datasets

/// What is encoded for one item: a film or sound, a part of one, or stills.
struct MediaPart: Sendable {
  enum Source: Sendable {
    /// From `start` to `end` seconds; nil = the file's own ends.
    case file(String, start: Double?, end: Double?)
    /// Each counts as one frame.
    case stills([String])
    /// Decoded already, at the rate of whoever reads it.
    case sound(Sound)
    case nothing
  }

  /// What stands for a reason where an item names nothing of the kind.
  static let noSound = "has no sound"
  static let noPictures = "has neither film nor pictures"

  let id: String
  let source: Source

  /// What of an item can be seen: its film, else its pictures.
  static func seen(_ item: DatasetItem) -> MediaPart {
    if let path = item.videoPath {
      return MediaPart(id: item.id, source: .file(path, start: item.start, end: item.end))
    }
    return MediaPart(id: item.id, source: item.imagePaths.isEmpty ? .nothing : .stills(item.imagePaths))
  }

  /// What of an item can be heard: its sound file, else its film.
  static func heard(_ item: DatasetItem) -> MediaPart {
    guard let path = item.audioPath ?? item.videoPath else { return MediaPart(id: item.id, source: .nothing) }
    return MediaPart(id: item.id, source: .file(path, start: item.start, end: item.end))
  }

  /// What messages call it.
  var name: String { if case .file(let path, _, _) = source { path } else { id } }

  /// Its sound.
  /// - Parameter rate: hertz.
  /// - Throws: ``IeumError`` (data) where there is none, or it cannot be decoded.
  func sound(rate: Int) throws -> Sound {
    switch source {
    case .file(let path, let start, let end): return try Sound.read(path, rate: rate, start: start, end: end)
    case .sound(let sound): return sound
    case .stills, .nothing: throw IeumError(.data, MediaPart.noSound, place: id)
    }
  }
}
