import Basics
import Datasets
import Ranking

/// Queries, gallery and ground truth of one direction.
///
/// Clips that a split lists but that have no vector stay in the gallery, and the texts that ask for them count as misses.
/// Directions from and to sounds leave out items that have no sound at all; those whose sound is broken stay.
struct DirectionFile {
  let embeddings: EmbeddingFile
  let absent: RankedRun.Absent?
  let counts: DirectionCounts

  /// - Parameters:
  ///   - lost: listed items of which nothing is known: absent on both sides.
  ///   - clips: what stands for a clip in the gallery, pictures and sound mixed.
  ///   - image, audio: each alone, for the directions between them.
  /// - Throws: ``IeumError`` (data) when nothing can be ranked in this direction.
  init(
    _ direction: RankedDirection, items: [DatasetItem], lost: [String] = [], dataset: Dataset, texts: ItemVectors,
    clips: ItemVectors, image: ItemVectors?, audio: ItemVectors?
  ) throws {
    let all = Sides(items: items, lost: lost, dataset: dataset)
    let sounding = Sides(items: items.filter { audio?.lacking.contains($0.id) == false }, lost: lost, dataset: dataset)
    let both = Sides(items: sounding.items.filter { ClipMedia($0).hasPictures }, lost: lost, dataset: dataset)
    let silent = items.count - sounding.items.count
    switch direction {
    case .textToClip: try self.init(direction, all.texts(texts), all.items(clips))
    case .clipToText, .clipToTextGrouped: try self.init(direction, all.items(clips), all.texts(texts))
    case .imageToAudio: try self.init(direction, both.items(image), both.items(audio), silent: silent)
    case .audioToImage: try self.init(direction, both.items(audio), both.items(image), silent: silent)
    case .textToAudio: try self.init(direction, sounding.texts(texts), sounding.items(audio), silent: silent)
    case .audioToText: try self.init(direction, sounding.items(audio), sounding.texts(texts), silent: silent)
    }
  }

  private init(_ direction: RankedDirection, _ queries: Side, _ gallery: Side, silent: Int = 0) throws {
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
    // What is absent is no row of the embeddings.
    absent =
      missing.isEmpty && lost.isEmpty
      ? nil
      : RankedRun.Absent(
        rows: AbsentRows(candidates: missing.count, relevant: partly, unrankedQueries: lost),
        queryNames: unranked.map { queries.names[$0] } + queries.absent)
    let present = file.galleryGroups.map { Set($0).count } ?? gallery.names.count
    let candidates = Completeness(found: present, absent: missing.sorted())
    counts = DirectionCounts(
      direction: direction.rawValue, queries: Completeness(found: queries.names.count, absent: queries.absent),
      gallery: candidates, candidates: candidates.listed, withoutSound: silent)
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
  /// Listed items of which nothing is known.
  let lost: [String]
  let dataset: Dataset

  func items(_ vectors: ItemVectors?) -> Side {
    guard let vectors else { return Side() }
    var side = Side(absent: lost, dimension: vectors.dimension)
    for (number, item) in items.enumerated() {
      guard let row = vectors[item.id] else {
        side.absent.append(item.id)
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
  func texts(_ vectors: ItemVectors) -> Side {
    let byLabel = dataset.textRelevance == .label
    var side = Side(absent: byLabel ? [] : lost, dimension: vectors.dimension)
    var seen: Set<String> = []
    for (number, item) in items.enumerated() {
      let label = byLabel ? item.label : nil
      if let label, !seen.insert(label).inserted { continue }
      let belongs = label == nil ? [item.id] : Set(items.filter { $0.label == label }.map(\.id))
      for caption in 0..<(label == nil ? dataset.captions(of: item).count : 1) {
        let name = DatasetItem.captionID(item.id, caption)
        guard let row = vectors[name] else {
          side.absent.append(label ?? name)
          continue
        }
        side.names.append(label ?? name)
        side.rows += row
        side.owners.append(belongs)
        side.groups.append(number)
      }
    }
    return side
  }
}
