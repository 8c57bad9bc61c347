import Basics
import Foundation

/// Short films made of the stamps: a stand-in for film clips, made of real pictures, sounds and sentences.
///
/// * Item: a stamp of ``StampsDataset`` as a film of 4 s, 256 × 256, 10 frames a second (H.264 in MP4): the
///   picture drifts slowly over a gradient; where the stamp has a sound effect, that is its sound (AAC, mono,
///   16 kHz). Captions in English and Korean, labels, splits and order are those of the stamps; equal
///   captions stay on one side.
/// * The films lie in the cache, in a folder named by the stamps, the recipe and the libraries that made
///   them; equal libraries make equal bytes. The dataset's digest names stamps and recipe, not the libraries.
struct StampsClipsDataset: DatasetSpec {
  let name = "stamps-clips"
  let summary =
    "4 s films made of the stamps, with their sound effects: a stand-in of real pictures, sounds and sentences"
  var defaultRoot: String { stamps.defaultRoot }
  var defaultLanguage: String { stamps.defaultLanguage }
  var expectedLayout: [String] {
    stamps.expectedLayout + ["the films are made from these into the cache, once"]
  }

  private static let footnote = "a stand-in for film clips, made of real pictures, sounds and sentences"
  private let stamps = StampsDataset()

  func prepare(_ options: DatasetOptions) throws -> [String] {
    var made = 0
    try makeFiles(options) { _, total in made = total }
    let dataset = try load(options)
    return ["\(dataset.allItems.count) films, \(made) of them made now"] + dataset.notes
  }

  func makeFiles(_ options: DatasetOptions, progress: (_ done: Int, _ total: Int) -> Void) throws {
    let source = try stamps.load(options)
    let folder = Self.folder(of: source, options)
    let missing = source.allItems.filter {
      !FileManager.default.fileExists(atPath: Self.path($0, in: folder))
    }
    let group = 16
    progress(0, missing.count)
    for start in stride(from: 0, to: missing.count, by: group) {
      let piece = Array(missing[start..<min(start + group, missing.count)])
      let faults = Parallel.map(piece) { item -> (any Error)? in
        do { try Self.make(item, in: folder) } catch { return error }
        return nil
      }
      // A stamp that gives no film is told by `load`; a full disk ends the work.
      for case let fault as IeumError in faults where fault.kind != .data { throw fault }
      progress(start + piece.count, missing.count)
    }
  }

  func load(_ options: DatasetOptions) throws -> Dataset {
    let source = try stamps.load(options)
    let folder = Self.folder(of: source, options)
    try makeFiles(options) { _, _ in }
    var skipped = source.skipped
    var (sizes, made): ([String: Int], [String: MadeFile]) = ([:], [:])
    var items: [Split: [DatasetItem]] = [:]
    for split in Split.allCases {
      for stamp in source.items(in: split) {
        let path = Self.path(stamp, in: folder)
        guard FileManager.default.fileExists(atPath: path) else {
          skipped.append(SkippedItem(id: stamp.id, reason: Self.fault(stamp, in: folder)))
          continue
        }
        sizes[path] = DatasetDigest.size(of: path)
        made[path] = MadeFile(recipe: StampFilm.recipe, sources: stamp.files)
        items[split, default: []].append(
          DatasetItem(
            id: stamp.id, texts: stamp.texts, audioPath: stamp.audioPath == nil ? nil : path, videoPath: path,
            label: stamp.label))
      }
    }
    let sounding = items.values.joined().count { $0.audioPath != nil }
    return Dataset(
      name: name, language: source.language, items: items, skipped: skipped,
      notes: [
        "\(Self.footnote); \(sounding) films have sound",
        "the films lie in \(folder)",
      ],
      relevance: .sameLabel, sizes: sizes, made: made, split: source.split, namespace: stamps.name,
      footnote: "\(name) is \(Self.footnote)")
  }

  /// Named by all that the films' bytes depend on.
  private static func folder(of source: Dataset, _ options: DatasetOptions) -> String {
    let key = Digest.of("stamps-clips \(StampFilm.recipe) \(source.digest) \(StampFilm.encoder) \(MediaLibrary.version)")
    return "\(options.cache)/stamps-clips/\(key.prefix(16))"
  }

  private static func path(_ stamp: DatasetItem, in folder: String) -> String { "\(folder)/\(stamp.id).mp4" }

  private static func make(_ stamp: DatasetItem, in folder: String) throws {
    let film = try StampFilm(id: stamp.id, picture: stamp.imagePaths.first ?? "", sound: stamp.audioPath)
    try film.write(to: path(stamp, in: folder))
  }

  private static func fault(_ stamp: DatasetItem, in folder: String) -> String {
    do { try make(stamp, in: folder) } catch { return "no film can be made: \(error)" }
    return "its film was made too late; load again"
  }
}
