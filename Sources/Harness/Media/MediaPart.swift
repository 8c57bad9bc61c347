import Datasets

/// What is encoded for one item: a film or sound, a part of one, or stills.
struct MediaPart: Sendable {
  enum Source: Sendable {
    /// From `start` to `end` seconds; nil = the file's own ends.
    case file(String, start: Double?, end: Double?)
    /// Each counts as one frame.
    case stills([String])
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
}
