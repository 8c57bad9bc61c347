import Basics

/// Decodes something of every file that a dataset names: what is in place need not be readable.
enum MediaAudit {
  /// Items whose files are in place but cannot be decoded, with the reason, in item order. Pictures are decoded whole,
  /// of films the first and the last frame, of sounds the first second.
  /// - Parameter sizes: path → bytes; files that are not there are no matter of this audit.
  static func unreadable(_ items: [DatasetItem], sizes: [String: Int]) -> [SkippedItem] {
    let present = items.filter { item in !item.files.isEmpty && item.files.allSatisfy { sizes[$0, default: 0] > 0 } }
    let reasons = Parallel.map(present) { reason($0) }
    return zip(present, reasons).compactMap { item, reason in reason.map { SkippedItem(id: item.id, reason: $0) } }
  }

  private static func reason(_ item: DatasetItem) -> String? {
    do {
      for path in item.imagePaths { _ = try ImageDecoder.decode(path) }
      if let path = item.videoPath {
        let film = try VideoFile(path, start: item.start, end: item.end)
        _ = try film.map([0, film.table.count - 1]) { $0.width }
      }
      if let path = item.audioPath {
        let start = item.start ?? 0
        _ = try Sound.read(path, start: start, end: min(start + 1, item.end ?? start + 1))
      }
      return nil
    } catch let error as IeumError {
      return error.problem
    } catch {
      return "\(error)"
    }
  }
}
