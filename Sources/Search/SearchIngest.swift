import Basics
import Datasets
import Foundation
import Harness

/// Brings pictures and clips into a database: encodes them, draws their thumbnails, writes what is known of them.
public struct SearchIngest {
  /// What came of it.
  public struct Outcome: Sendable {
    public var added = 0
    /// Items that could not be taken, with the reason.
    public var failed: [(id: String, reason: String)] = []
  }

  private struct Entry {
    var item: SearchItem
    let media: QueryMedia
    /// What its film is cut into, with the last clip of it.
    var clips: FilmClips?
  }

  private let database: SearchDatabase
  private let encoder: any QueryEncoder
  private static let piece = 64
  private static let thumbnailSide = 192
  static let filmEndings = ["mp4", "m4v", "mkv", "webm", "mov", "avi", "mpg", "mpeg", "ogv", "wmv", "flv", "ts"]
  static let pictureEndings = ["png", "jpg", "jpeg", "webp", "gif", "bmp", "tif", "tiff", "svg"]
  static let soundEndings = ["ogg", "oga", "opus", "wav", "flac", "mp3", "m4a", "aac"]

  public init(_ database: SearchDatabase, encoder: any QueryEncoder) {
    self.database = database
    self.encoder = encoder
  }

  /// Adds a dataset's items that can be seen; of the others those that can be heard, where the model has a sound side.
  /// - Parameters:
  ///   - splits: nil = all.
  ///   - seconds: longer films are cut into clips of so many seconds.
  ///   - shots: cut films at their shots instead, none longer than `seconds`.
  ///   - progress: told how many of all are done.
  public func add(
    _ dataset: Dataset, root: String, splits: [Split]? = nil, seconds: Double = 20, shots: Bool = false,
    progress: (Int, Int) -> Void = { _, _ in }
  ) throws -> Outcome {
    var outcome = Outcome()
    var entries: [Entry] = []
    for item in (splits ?? Split.allCases).flatMap({ dataset.items(in: $0) }) {
      guard let media = QueryMedia(item) ?? (encoder.hearsSound ? QueryMedia(sound: item) : nil) else {
        outcome.failed.append((item.id, "has neither picture nor film"))
        continue
      }
      let caption = dataset.captions(of: item).first ?? item.title ?? item.id
      if let path = item.videoPath, item.start == nil, item.end == nil {
        collect(&entries, &outcome, item.id) {
          try clips(
            path, id: item.id, dataset: dataset.name, captions: item.texts, caption: caption,
            FilmCuts(seconds: seconds, atShots: shots))
        }
      } else if case .sound(let path, let start, let end) = media {
        collect(&entries, &outcome, item.id) {
          [
            try heard(
              path, start: start, end: end, id: item.id, dataset: dataset.name, captions: item.texts, caption: caption)
          ]
        }
      } else {
        let length = item.end.map { $0 - (item.start ?? 0) }
        let searchItem = SearchItem(
          id: item.id, dataset: dataset.name, film: item.videoPath.map { ($0 as NSString).lastPathComponent },
          path: item.videoPath ?? item.imagePaths.first, start: item.start, end: item.end, seconds: length,
          captions: item.texts, caption: caption)
        entries.append(Entry(item: searchItem, media: media))
      }
    }
    try write(entries, roots: [root], &outcome, progress)
    return outcome
  }

  /// Adds files, and the pictures and films in folders; sounds, where the model has a sound side.
  public func add(
    files paths: [String], seconds: Double = 20, shots: Bool = false, progress: (Int, Int) -> Void = { _, _ in }
  ) throws -> Outcome {
    var outcome = Outcome()
    var entries: [Entry] = []
    var roots: [String] = []
    var seen: Set<String> = []
    for path in paths {
      let (found, root) = try files(path)
      roots.append(root)
      for file in found where seen.insert(file).inserted {
        let name = FileName.stem((file as NSString).lastPathComponent)
        let caption = name.replacing("_", with: " ").replacing("-", with: " ")
        let ending = FileName.suffix(file)
        if SearchIngest.filmEndings.contains(ending) {
          collect(&entries, &outcome, file) {
            try clips(
              file, id: file, dataset: "files", captions: [:], caption: caption,
              FilmCuts(seconds: seconds, atShots: shots))
          }
        } else if SearchIngest.soundEndings.contains(ending) {
          collect(&entries, &outcome, file) {
            [try heard(file, start: nil, end: nil, id: file, dataset: "files", captions: [:], caption: caption)]
          }
        } else {
          let item = SearchItem(id: file, dataset: "files", path: file, caption: caption)
          entries.append(Entry(item: item, media: .pictures([file])))
        }
      }
    }
    try write(entries, roots: Array(Set(roots)).sorted(), &outcome, progress)
    return outcome
  }

  /// The media files of a path, in the order of their names, and the folder that they may be read from.
  private func files(_ path: String) throws -> (files: [String], root: String) {
    guard let real = realpath(path, nil) else {
      throw IeumError(.data, "no such file or folder", file: path, remedy: "check the path")
    }
    defer { free(real) }
    let resolved = String(cString: real)
    var isFolder: ObjCBool = false
    _ = FileManager.default.fileExists(atPath: resolved, isDirectory: &isFolder)
    guard isFolder.boolValue else { return ([resolved], (resolved as NSString).deletingLastPathComponent) }
    let endings = Set(Self.filmEndings + Self.pictureEndings + (encoder.hearsSound ? Self.soundEndings : []))
    let names = (try? FileManager.default.subpathsOfDirectory(atPath: resolved)) ?? []
    let media = names.filter { endings.contains(FileName.suffix($0)) }.sorted()
    guard !media.isEmpty else {
      throw IeumError(.data, "holds no pictures and no films", file: path, remedy: "name another folder")
    }
    return (media.map { "\(resolved)/\($0)" }, resolved)
  }

  private func collect(
    _ entries: inout [Entry], _ outcome: inout Outcome, _ id: String, _ body: () throws -> [Entry]
  ) {
    do { entries += try body() } catch { outcome.failed.append((id, SearchIngest.reason(error, id))) }
  }

  /// An error in words that do not name the item again.
  private static func reason(_ error: any Error, _ id: String) -> String {
    "\(error)".replacing("\(id): ", with: "").replacing("\(id), ", with: "")
  }

  /// A film as clips.
  private func clips(
    _ path: String, id: String, dataset: String, captions: [String: String], caption: String, _ cuts: FilmCuts
  ) throws -> [Entry] {
    let video = try VideoFile(path)
    let length = video.table.duration
    let film = (path as NSString).lastPathComponent
    let parts = try cuts.parts(of: video)
    var entries = parts.map { part in
      let start = parts.count == 1 ? nil : part.start ?? 0
      let item = SearchItem(
        id: start.map { "\(id)@\(SearchIngest.label($0))" } ?? id, dataset: dataset, film: film, path: path,
        start: start, end: part.end, seconds: (part.end ?? length) - (start ?? 0), captions: captions, caption: caption)
      return Entry(item: item, media: .film(path, start: start, end: part.end))
    }
    entries[parts.count - 1].clips = FilmClips(path: path, dataset: dataset, film: id, ids: Set(entries.map(\.item.id)))
    return entries
  }

  /// Seconds to the millisecond, without zeros at the end: `40`, `0.5`.
  private static func label(_ seconds: Double) -> String {
    let (whole, rest) = Int((seconds * 1000).rounded()).quotientAndRemainder(dividingBy: 1000)
    guard rest != 0 else { return "\(whole)" }
    var digits = String(format: "%03d", rest)
    while digits.hasSuffix("0") { digits.removeLast() }
    return "\(whole).\(digits)"
  }

  /// A sound, or a part of one; it has a length, but is of no film.
  private func heard(
    _ path: String, start: Double?, end: Double?, id: String, dataset: String, captions: [String: String],
    caption: String
  ) throws -> Entry {
    guard encoder.hearsSound else { throw QueryMedia.unheard }
    // For the length alone, few samples do.
    let length = try end.map { $0 - (start ?? 0) } ?? Sound.read(path, rate: 1000, start: start).duration
    let item = SearchItem(
      id: id, dataset: dataset, path: path, start: start, end: end, seconds: length, captions: captions,
      caption: caption)
    return Entry(item: item, media: .sound(path, start: start, end: end))
  }

  private func write(
    _ given: [Entry], roots: [String], _ outcome: inout Outcome, _ progress: (Int, Int) -> Void
  ) throws {
    var seen: Set<String> = []
    var entries: [Entry] = []
    for entry in given {
      if seen.insert(entry.item.id).inserted {
        entries.append(entry)
      } else {
        outcome.failed.append((entry.item.id, "its id stands twice"))
      }
    }
    let writer = try SearchWriter(database)
    let folders = roots.compactMap { path -> String? in
      guard let real = realpath(path, nil) else { return nil }
      defer { free(real) }
      return String(cString: real)
    }
    for start in stride(from: 0, to: entries.count, by: Self.piece) {
      let piece = Array(entries[start..<min(start + Self.piece, entries.count)])
      var ready: [(item: SearchItem, vector: [Float])] = []
      for (entry, result) in zip(piece, try encoder.media(piece.map(\.media))) {
        switch result {
        case .success(let vector):
          var item = entry.item
          item.thumbnail = try thumbnail(entry)
          ready.append((item, vector))
        case .failure(let error): outcome.failed.append((entry.item.id, SearchIngest.reason(error, entry.item.id)))
        }
      }
      try writer.add(ready, roots: folders, clips: piece.compactMap(\.clips))
      outcome.added += ready.count
      progress(min(start + Self.piece, entries.count), entries.count)
    }
    if try writer.isRebuildDue() { try writer.rebuild() }
  }

  /// The file name of an item's thumbnail; nil where none can be drawn, which does not keep it from being found.
  private func thumbnail(_ entry: Entry) throws -> String? {
    guard let picture = try? entry.media.pictures(.uniform(1)).first,
      let bytes = try? JPEGWriter.thumbnail(picture, side: Self.thumbnailSide)
    else { return nil }
    let name = "\(Digest.of(entry.item.id).prefix(20)).jpg"
    try AtomicFile.write(Data(bytes), to: "\(database.folder)/thumbnails/\(name)")
    return name
  }
}
