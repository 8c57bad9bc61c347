import Basics

/// Decodes something of every file that a dataset names: what is in place need not be readable.
struct MediaAudit {
  /// Items whose files are in place but cannot be decoded, with the reason, in item order.
  let unreadable: [SkippedItem]
  /// Items with files in place that have a sound, broken or not.
  let sounding: Set<String>

  /// Pictures are decoded whole, of films the first and the last frame, of sounds, films' too, the first second.
  /// - Parameter sizes: path → bytes; files that are not there are no matter of this audit.
  init(_ items: [DatasetItem], sizes: [String: Int]) {
    let present = items.filter { item in !item.files.isEmpty && item.files.allSatisfy { sizes[$0, default: 0] > 0 } }
    let found = zip(present, Parallel.map(present) { Self.look(at: $0) })
    unreadable = found.compactMap { item, found in found.reason.map { SkippedItem(id: item.id, reason: $0) } }
    sounding = Set(found.filter(\.1.hasSound).map(\.0.id))
  }

  private static func look(at item: DatasetItem) -> (reason: String?, hasSound: Bool) {
    var hasSound = item.audioPath != nil
    do {
      for path in item.imagePaths { _ = try ImageDecoder.decode(path) }
      if let path = item.videoPath {
        let film = try VideoFile(path, start: item.start, end: item.end)
        _ = try film.map([0, film.table.count - 1]) { $0.width }
        if item.audioPath == nil { hasSound = try MediaContent(of: path).hasSound }
      }
      if hasSound, let path = item.audioPath ?? item.videoPath {
        let start = item.start ?? 0
        _ = try Sound.read(path, start: start, end: min(start + 1, item.end ?? start + 1))
      }
      return (nil, hasSound)
    } catch let error as IeumError {
      return (error.problem, hasSound)
    } catch {
      return ("\(error)", hasSound)
    }
  }
}
