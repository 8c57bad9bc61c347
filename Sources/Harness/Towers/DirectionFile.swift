import Basics
import Datasets
import Ranking

/// Queries, gallery and ground truth of one direction.
///
/// Clips that a split lists but that have no vector stay in the gallery, and the texts that ask for them count as misses.
struct DirectionFile {
  let embeddings: EmbeddingFile
  let absent: RankedRun.Absent?

  /// Queries and candidates of the whole task, those without a vector included.
  var queryCount: Int { embeddings.queryCount + (absent?.queryNames.count ?? 0) }
  var galleryCount: Int {
    (embeddings.galleryGroups.map { Set($0).count } ?? embeddings.galleryCount) + (absent?.rows.candidates ?? 0)
  }

  /// - Parameters:
  ///   - clips: what stands for a clip in the gallery, pictures and sound mixed.
  ///   - image, audio: each alone, for the directions between them; items without sound are no part of those.
  /// - Throws: ``IeumError`` (data) when nothing can be ranked in this direction.
  init(
    _ direction: RankedDirection, items: [DatasetItem], dataset: Dataset, texts: ItemVectors, clips: ItemVectors,
    image: ItemVectors?, audio: ItemVectors?
  ) throws {
    let sides = Sides(items: items, dataset: dataset)
    switch direction {
    case .textToClip: try self.init(direction, sides.texts(texts), sides.items(clips))
    case .clipToText, .clipToTextGrouped: try self.init(direction, sides.items(clips), sides.texts(texts))
    case .imageToAudio:
      try self.init(direction, sides.items(image, alsoIn: audio), sides.items(audio, alsoIn: image))
    case .audioToImage:
      try self.init(direction, sides.items(audio, alsoIn: image), sides.items(image, alsoIn: audio))
    case .textToAudio: try self.init(direction, sides.texts(texts, of: audio), sides.items(audio, alsoIn: audio))
    case .audioToText: try self.init(direction, sides.items(audio, alsoIn: audio), sides.texts(texts))
    }
  }

  private init(_ direction: RankedDirection, _ queries: Side, _ gallery: Side) throws {
    var rowsOf: [String: [Int]] = [:]
    for (row, owners) in gallery.owners.enumerated() { for owner in owners { rowsOf[owner, default: []].append(row) } }
    let relevant = queries.owners.map { owners in Set(owners.flatMap { rowsOf[$0] ?? [] }).sorted() }
    let kept = relevant.indices.filter { !relevant[$0].isEmpty }
    guard !kept.isEmpty else {
      throw IeumError(
        .data, "no item of the split has what '\(direction.rawValue)' compares", place: "evaluation.directions",
        remedy: "leave this direction out")
    }
    let d = queries.dimension
    var file = EmbeddingFile(
      queries: kept.flatMap { queries.rows[$0 * d..<($0 + 1) * d] }, gallery: gallery.rows, dimension: d,
      relevant: kept.map { relevant[$0] }, queryIDs: kept.map { queries.names[$0] }, galleryIDs: gallery.names)
    if direction == .clipToTextGrouped { file.galleryGroups = gallery.groups }
    embeddings = file
    // A text of a class may find some of its items and miss others.
    let missing = Set(gallery.absent)
    let unranked = relevant.indices.filter { relevant[$0].isEmpty }
    let lost = unranked.map { max(1, queries.owners[$0].count) } + queries.absent.map { _ in 1 }
    let partly = kept.map { queries.owners[$0].intersection(missing).count }
    absent =
      missing.isEmpty && lost.isEmpty
      ? nil
      : RankedRun.Absent(
        rows: AbsentRows(candidates: missing.count, relevant: partly, unrankedQueries: lost),
        queryNames: unranked.map { queries.names[$0] } + queries.absent)
  }
}

/// Rows of one side: name, vector, and what it belongs to.
private struct Side {
  var names: [String] = []
  var rows: [Float] = []
  /// Two rows are relevant to each other when they share one of these.
  var owners: [Set<String>] = []
  /// Rows of one item, numbered from 0.
  var groups: [Int] = []
  /// Listed, but without a vector.
  var absent: [String] = []
  var dimension = 0
}

/// The sides of a split.
private struct Sides {
  let items: [DatasetItem]
  let dataset: Dataset

  /// - Parameter other: items that it lacks are no part of the task; nil = all that the split lists are.
  func items(_ vectors: ItemVectors?, alsoIn other: ItemVectors? = nil) -> Side {
    guard let vectors else { return Side() }
    var side = Side(dimension: vectors.dimension)
    for (number, item) in items.enumerated() where other?.has(item.id) ?? true {
      guard let row = vectors[item.id] else {
        if other == nil { side.absent.append(item.id) }
        continue
      }
      side.names.append(item.id)
      side.rows += row
      side.owners.append([item.id])
      side.groups.append(number)
    }
    return side
  }

  /// Captions, or class names that stand for all items of the class.
  /// - Parameter owners: texts of items that it lacks are no part of the task; nil = all texts are.
  func texts(_ vectors: ItemVectors, of owners: ItemVectors? = nil) -> Side {
    var side = Side(dimension: vectors.dimension)
    var seen: Set<String> = []
    for (number, item) in items.enumerated() where owners?.has(item.id) ?? true {
      let label = dataset.textRelevance == .label ? item.label : nil
      if let label, !seen.insert(label).inserted { continue }
      let belongs = label == nil ? [item.id] : Set(items.filter { $0.label == label }.map(\.id))
      for caption in 0..<(label == nil ? dataset.captions(of: item).count : 1) {
        let name = DatasetItem.captionID(item.id, caption)
        guard let row = vectors[name] else { continue }
        side.names.append(label ?? name)
        side.rows += row
        side.owners.append(belongs)
        side.groups.append(number)
      }
    }
    return side
  }
}
