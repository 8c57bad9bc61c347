import Basics
import Datasets
import Foundation
import HDF5
import Ranking

/// Gathers the examples of a report: for chosen texts and the worst ones the five best clips, with thumbnails.
struct ExamplesWriter {
  let experiment: Experiment
  let bench: Workbench
  let results: String

  private static let shown = 5
  private static let side = 144

  /// Writes `examples/examples.json` and the thumbnails; nothing when the report asks for none or the cell has no run.
  func write() throws {
    guard let spec = try experiment.reportSpec().examples,
      let cell = experiment.cells.first(where: { $0.table == spec.grid && $0.row == spec.row && $0.hasExamples }),
      let directions = cell.config.directions, let place = directions.firstIndex(of: .textToClip),
      let seed = cell.config.seeds.first
    else { return }
    let runner = CellRunner(cell: cell, bench: bench, progress: Progress())
    guard let task = try? runner.task() else { return }
    let folder = runner.folder(task, seed: seed)
    guard RunRecord.read(folder) != nil else { return }
    let names = RankedDirections.files(directions, place)
    let file = try EmbeddingFile.read("\(folder)/\(names.embeddings)")
    let stored = try HDF5File(reading: "\(folder)/\(names.ranks)")
    let ranks = Dictionary(
      zip(try stored.readStrings("query_ids"), try stored.readFloats("expected")), uniquingKeysWith: { first, _ in first })
    let source = ExampleSource(
      dataset: task.dataset, file: file, similarity: try task.similarity(),
      ranks: (file.queryIDs ?? []).map { ranks[$0] ?? 0 })
    let queries = try source.queries(spec).map { try source.example($0.query, isWorst: $0.isWorst, shown: Self.shown) }
    let kept = try thumbnails(of: queries, task.dataset)
    let examples = Examples(
      title: "\(cell.row), seed \(seed)", gallery: file.galleryCount,
      queries: queries.map { query in
        var query = query
        query.hits = query.hits.map { hit in
          var hit = hit
          hit.thumbnail = kept[hit.id]
          return hit
        }
        return query
      })
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try AtomicFile.write(try encoder.encode(examples), to: Examples.path(results))
  }

  /// File names by item, for those that can be shown; pictures of former examples are removed.
  private func thumbnails(of queries: [Examples.Query], _ dataset: Dataset) throws -> [String: String] {
    let folder = results + "/examples"
    try? FileManager.default.removeItem(atPath: folder)
    let items = Dictionary(dataset.allItems.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    let sampling = FrameSampling.uniform(1)
    var names: [String: String] = [:]
    for hit in queries.flatMap(\.hits) where names[hit.id] == nil {
      guard let item = items[hit.id],
        let picture = try? ClipMedia(item).pictures(sampling, numbers: [0], { $0 }).first,
        let bytes = try? JPEGWriter.thumbnail(picture, side: Self.side)
      else { continue }
      let name = "\(Digest.of(hit.id).prefix(12)).jpg"
      try AtomicFile.write(Data(bytes), to: "\(folder)/\(name)")
      names[hit.id] = name
    }
    return names
  }
}

/// Looks up queries and what they found in a run's embeddings.
private struct ExampleSource {
  let dataset: Dataset
  let file: EmbeddingFile
  let similarity: Similarity
  let ranks: [Float]
  private let items: [String: DatasetItem]

  init(dataset: Dataset, file: EmbeddingFile, similarity: Similarity, ranks: [Float]) {
    (self.dataset, self.file, self.similarity, self.ranks) = (dataset, file, similarity, ranks)
    items = Dictionary(dataset.allItems.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// Chosen queries, by id or text or spread evenly, then the worst.
  func queries(_ spec: ExamplesSpec) throws -> [(query: Int, isWorst: Bool)] {
    let all = Array(0..<file.queryCount)
    var chosen: [Int] = []
    for wanted in spec.queries {
      guard let query = all.first(where: { matches($0, wanted) }) else {
        throw IeumError(
          .usage, "no query is '\(wanted)'", place: "report.examples.queries",
          remedy: "give an id or the text of an item of the evaluated split")
      }
      chosen.append(query)
    }
    if spec.queries.isEmpty, spec.chosen > 0 {
      chosen = (0..<min(spec.chosen, all.count)).map { ($0 * 2 + 1) * all.count / (2 * min(spec.chosen, all.count)) }
    }
    let worst = all.sorted { (-ranks[$0], $0) < (-ranks[$1], $1) }.filter { !chosen.contains($0) }.prefix(spec.worst)
    return chosen.map { ($0, false) } + worst.map { ($0, true) }
  }

  private func matches(_ query: Int, _ wanted: String) -> Bool {
    name(query) == wanted || String(name(query).prefix { $0 != "#" }) == wanted || text(query) == wanted
  }

  private func name(_ query: Int) -> String { file.queryIDs?[query] ?? "\(query)" }

  private func text(_ query: Int) -> String {
    let parts = name(query).split(separator: "#", omittingEmptySubsequences: false)
    guard parts.count > 1, let number = Int(parts[parts.count - 1]),
      let item = items[parts.dropLast().joined(separator: "#")]
    else { return name(query) }
    let captions = dataset.captions(of: item)
    return captions.indices.contains(number) ? captions[number] : name(query)
  }

  private func score(_ query: ArraySlice<Float>, _ item: ArraySlice<Float>) -> Float {
    func dot(_ a: [Float], _ b: [Float]) -> Float { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
    switch similarity {
    case .cosine: return dot(ItemVectors.unit(Array(query)), ItemVectors.unit(Array(item)))
    case .dot: return dot(Array(query), Array(item))
    case .euclidean: return -zip(query, item).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
    }
  }

  func example(_ query: Int, isWorst: Bool, shown: Int) throws -> Examples.Query {
    let d = file.dimension
    let vector = file.queries[query * d..<(query + 1) * d]
    // Of another fold's rows the query knows nothing.
    let own = (0..<file.galleryCount).filter { row in file.folds.map { $0.gallery[row] == $0.queries[query] } ?? true }
    let scores = own.map { score(vector, file.gallery[$0 * d..<($0 + 1) * d]) }
    let relevant = Set(file.relevantRows[file.relevanceOffsets[query]..<file.relevanceOffsets[query + 1]])
    let best = scores.indices.sorted { (-scores[$0], $0) < (-scores[$1], $1) }.prefix(shown)
    let hits = best.map { place in
      let row = own[place]
      let id = file.galleryIDs?[row] ?? "\(row)"
      return Examples.Hit(
        id: id, caption: items[id].flatMap { dataset.captions(of: $0).first } ?? id, score: Double(scores[place]),
        isRelevant: relevant.contains(row), thumbnail: nil)
    }
    return Examples.Query(
      id: name(query), text: text(query), isWorst: isWorst, rank: Double(ranks[query]), hits: hits)
  }
}
