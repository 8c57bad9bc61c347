import Basics
import Foundation

/// Looks for what the splits of a dataset share: such items let a model be tested on what it was trained on.
public enum LeakCheck {
  /// - Parameter kinds: what to look for; `pixels` decodes every picture.
  public static func run(_ dataset: Dataset, kinds: [Leak.Kind] = Leak.Kind.allCases) -> LeakReport {
    // A class name is no sentence of its own: clips of one class share it by design.
    let kinds = kinds.filter { $0 != .caption || dataset.textRelevance != .label }
    let placed = Split.allCases.flatMap { dataset.placed($0, as: $0) }
    var leaks: [Leak] = []
    var unreadable = 0
    for kind in kinds {
      switch kind {
      case .id: leaks += ids(placed)
      case .file: leaks += files(placed)
      case .pixels:
        let found = PictureTwins.find(placed)
        leaks += found.leaks
        unreadable = found.unreadable
      case .caption: leaks += captions(placed)
      case .video: leaks += shared(kind, placed.map { ($0, $0.films) })
      }
    }
    return LeakReport(
      dataset: dataset.name, digest: dataset.digest, items: placed.count, checked: kinds, leaks: leaks,
      unreadable: unreadable)
  }

  /// What is trained on in one dataset and evaluated in another (or in another split of the same): the same ids, where
  /// both have the same namespace, the same files, parts of the same film.
  /// - Parameters:
  ///   - trained: every split of it that is trained on; its items come first in a leak, as `train`.
  ///   - held: one split, which keeps its name.
  public static func between(
    _ trained: (dataset: Dataset, splits: [Split]), _ held: (dataset: Dataset, split: Split),
    kinds: [Leak.Kind] = [.id, .file, .video]
  ) -> LeakReport {
    let placed =
      trained.splits.flatMap { trained.dataset.placed($0, as: .train) } + held.dataset.placed(held.split, as: held.split)
    let kinds = kinds.filter(\.isSameItem)
    // The published splits of one set are what they are; between two sets the ids do not tell of a video in common.
    let foreign = trained.dataset.namespace != held.dataset.namespace
    let leaks = kinds.flatMap { kind in
      switch kind {
      case .id: ids(placed)
      case .file: files(placed)
      default: shared(.video, placed.map { ($0, $0.films + (foreign ? $0.source : [])) })
      }
    }
    return LeakReport(
      dataset: "\(trained.dataset.label) (trained on) and \(held.dataset.label) (\(held.split.rawValue))",
      digest: held.dataset.digest, items: placed.count, checked: kinds, leaks: leaks)
  }

  private static func ids(_ placed: [PlacedItem]) -> [Leak] {
    shared(.id, placed.map { ($0, [($0.identity, "")]) })
  }

  /// Leaks between items of different splits that have a key in common; the first pair of each key and pair of splits.
  static func shared(_ kind: Leak.Kind, _ keyed: [(PlacedItem, [(key: String, detail: String)])]) -> [Leak] {
    var holders: [String: [(PlacedItem, String)]] = [:]
    for (item, keys) in keyed {
      for (key, detail) in keys { holders[key, default: []].append((item, detail)) }
    }
    var leaks: [Leak] = []
    for (_, found) in holders.sorted(by: { $0.key < $1.key }) {
      var firsts: [(PlacedItem, String)] = []
      for holder in found where !firsts.contains(where: { $0.0.split == holder.0.split }) { firsts.append(holder) }
      for (place, a) in firsts.enumerated() {
        for b in firsts[(place + 1)...] { leaks.append(Leak(kind, a.0, b.0, a.1)) }
      }
    }
    return leaks
  }

  /// Only files of a size that occurs twice are read.
  private static func files(_ placed: [PlacedItem]) -> [Leak] {
    var bySize: [Int: [(PlacedItem, String)]] = [:]
    for item in placed {
      for path in item.files { bySize[DatasetDigest.size(of: path), default: []].append((item, path)) }
    }
    var keyed: [(PlacedItem, [(key: String, detail: String)])] = []
    for (size, holders) in bySize where size > 0 && Set(holders.map(\.0.split)).count > 1 {
      for (item, path) in holders {
        // Clips of one film share its file; that is what the check of films is for.
        if item.item.videoPath == path, holders.allSatisfy({ $0.1 == path }) { continue }
        guard let digest = try? Digest.ofFile(path) else { continue }
        keyed.append((item, [(digest, URL(fileURLWithPath: path).lastPathComponent)]))
      }
    }
    return shared(.file, keyed)
  }

  private static func captions(_ placed: [PlacedItem]) -> [Leak] {
    shared(
      .caption,
      placed.map { place in
        let texts = place.item.captions.sorted { $0.key < $1.key }.flatMap(\.value)
        let words = Set(texts.map { WordTokenizer.words($0, language: "und").joined(separator: " ") })
        return (place, words.subtracting([""]).sorted().map { ($0, $0) })
      })
  }
}

/// An item and the split it is in.
struct PlacedItem {
  let item: DatasetItem
  let split: Split
  let namespace: String

  /// Equal for the same item of different datasets.
  var identity: String { namespace.isEmpty ? item.id : "\(namespace)/\(item.id)" }

  var files: [String] { item.imagePaths + [item.audioPath, item.videoPath].compactMap { $0 } }

  /// What names the film or video that the item is, or is a part of.
  var films: [(key: String, detail: String)] {
    var names: [String] = []
    if let path = item.videoPath { names.append("file " + path) }
    if let title = item.title {
      let words = WordTokenizer.words(title, language: "und").joined(separator: " ")
      if !words.isEmpty { names.append("title " + words) }
    }
    if let video = YouTubeClip.video(of: item.id) { names.append("video " + video) }
    return names.map { ($0, $0) }
  }

  /// The video that the data name as its source, as ``films`` names one.
  var source: [(key: String, detail: String)] { item.sourceVideo.map { [("video " + $0, "video " + $0)] } ?? [] }
}

/// The naming of clips cut from YouTube: eleven characters of the video, then where the clip begins (and ends).
enum YouTubeClip {
  /// `-4wsuPCjDBc_5_15` and `--0PQM4-hqg_000030` are parts of `-4wsuPCjDBc` and `--0PQM4-hqg`.
  static func video(of id: String) -> String? {
    let parts = id.dropFirst(11).split(separator: "_", omittingEmptySubsequences: false)
    guard id.count > 12, (2...3).contains(parts.count), parts[0].isEmpty,
      parts.dropFirst().allSatisfy({ !$0.isEmpty && $0.allSatisfy { $0.isASCII && $0.isNumber } })
    else { return nil }
    return String(id.prefix(11))
  }

  /// `https://www.youtube.com/watch?v=9lZi22qLlEo` and `https://youtu.be/9lZi22qLlEo` → `9lZi22qLlEo`; nil for others.
  static func video(ofURL text: String) -> String? {
    guard let url = URLComponents(string: text), let host = url.host?.lowercased() else { return nil }
    let id: String?
    if host == "youtu.be" {
      id = url.path.split(separator: "/").first.map(String.init)
    } else if host == "youtube.com" || host.hasSuffix(".youtube.com") {
      id = url.queryItems?.first { $0.name == "v" }?.value
    } else {
      id = nil
    }
    return id.flatMap { $0.count == 11 ? $0 : nil }
  }
}

extension Dataset {
  /// Name and split, for messages.
  var label: String { split.map { "\(name)/\($0.id)" } ?? name }

  func placed(_ split: Split, as side: Split) -> [PlacedItem] {
    items(in: split).map { PlacedItem(item: $0, split: side, namespace: namespace) }
  }
}

extension Leak {
  init(_ kind: Kind, _ a: PlacedItem, _ b: PlacedItem, _ detail: String) {
    self.init(kind: kind, items: [a.item.id, b.item.id], splits: [a.split, b.split], detail: detail)
  }
}
