import Basics
import Foundation
import HDF5
import Ranking

/// `ranks.h5`: the rank of every query of every seed, and the counts behind it, from which each metric, interval and
/// significance test can be computed again without the embeddings.
///
/// | object | meaning |
/// | --- | --- |
/// | `/query_ids` | names of the queries, `[Q]` |
/// | `/expected`, `/optimistic`, `/pessimistic` | 1-based rank of each query's best relevant item, first seed, `[Q]` |
/// | `/seeds` | `[S]` |
/// | `/blocks` | number of the block (video, image) a query belongs to, `[Q]` |
/// | `/relevant_counts`, `/gallery_counts` | relevant and ranked items per query, `[Q]` |
/// | `/folds` | number of the gallery that a query ranks, `[Q]`; absent = all rank one |
/// | `/present_relevant`, `/present_gallery` | those of them that have a vector, `[Q]`; absent = all |
/// | `/runs/SEED/offsets`, `/runs/SEED/levels` | `[Q+1]`; `[L, 4]`: non-relevant above, tied, relevant, relevant above |
/// | `/runs/SEED/depth` | places that were retrieved at all, `[1]`; absent = the whole gallery |
/// | `/runs/SEED/reverse/…` | the same for the other direction, where a metric adds both |
public struct RanksFile: Sendable {
  public var queryIDs: [String]?
  public var seeds: [Int]
  /// One per seed.
  public var runs: [RankedQueries]

  /// The file's name beside a result; nil = the first, or only, direction.
  static func name(_ direction: String?) -> String { direction.map { "ranks-\($0).h5" } ?? "ranks.h5" }

  public init(queryIDs: [String]?, seeds: [Int], runs: [RankedQueries]) {
    (self.queryIDs, self.seeds, self.runs) = (queryIDs, seeds, runs)
  }

  /// - Throws: ``IeumError`` (system) when it cannot be written.
  public func write(to path: String) throws {
    guard let first = runs.first else { return }
    let temporary = try AtomicFile.temporaryPath(for: path)
    do {
      let file = try HDF5File(creating: temporary)
      if let queryIDs { try file.write("query_ids", strings: queryIDs) }
      let ranks = first.ranks
      for (name, values) in [
        ("expected", ranks.expected), ("optimistic", ranks.optimistic), ("pessimistic", ranks.pessimistic),
      ] {
        try file.write(name, floats: values.map { Float($0) }, shape: [values.count])
      }
      try file.write("seeds", numbers: seeds)
      try file.write("blocks", numbers: first.blocks.blockOf)
      try file.write("relevant_counts", numbers: first.forward.relevantCounts)
      try file.write("gallery_counts", numbers: first.forward.galleryCounts)
      if let folds = first.folds { try file.write("folds", numbers: folds.forward) }
      if let present = first.present {
        try file.write("present_relevant", numbers: present.relevant)
        try file.write("present_gallery", numbers: present.gallery)
      }
      for (seed, run) in zip(seeds, runs) { try RanksFile.write(run, "runs/\(seed)", to: file) }
      try file.close()
      try AtomicFile.commit(temporary, to: path)
    } catch {
      unlink(temporary)
      throw error
    }
  }

  private static func write(_ run: RankedQueries, _ group: String, to file: HDF5File) throws {
    try write(run.forward, group, to: file)
    if let depth = run.depth { try file.write(group + "/depth", numbers: [depth]) }
    guard let reverse = run.reverse, let blocks = run.reverseBlocks else { return }
    try write(reverse, group + "/reverse", to: file)
    try file.write(group + "/reverse/blocks", numbers: blocks.blockOf)
    if let folds = run.folds?.reverse { try file.write(group + "/reverse/folds", numbers: folds) }
    try file.write(group + "/reverse/relevant_counts", numbers: reverse.relevantCounts)
    try file.write(group + "/reverse/gallery_counts", numbers: reverse.galleryCounts)
    guard let present = run.reversePresent else { return }
    try file.write(group + "/reverse/present_relevant", numbers: present.relevant)
    try file.write(group + "/reverse/present_gallery", numbers: present.gallery)
  }

  private static func write(_ levels: QueryLevels, _ group: String, to file: HDF5File) throws {
    try file.write(group + "/offsets", numbers: levels.offsets)
    let numbers = levels.levels.flatMap { [$0.above, $0.tied, $0.relevant, $0.relevantAbove].map { Int64($0) } }
    try file.write(group + "/levels", ints: numbers, shape: [levels.levels.count, 4])
  }

  /// - Throws: ``IeumError`` (data) for a file that is damaged, or that an older version wrote without the counts.
  public static func read(_ path: String) throws -> RanksFile {
    let file = try HDF5File(reading: path)
    defer { try? file.close() }
    guard file.exists("seeds"), file.exists("runs") else {
      throw IeumError(
        .data, "holds ranks without the counts behind them", file: path, remedy: "run the cell again with this version")
    }
    do {
      let seeds = try file.readInts("seeds")
      let counts = (try file.readInts("relevant_counts"), try file.readInts("gallery_counts"))
      let blocks = QueryBlocks(labels: try file.readInts("blocks"))
      let present = file.exists("present_gallery")
        ? PresentRows(
          gallery: try numbers(file, "present_gallery", counts.0.count),
          relevant: try numbers(file, "present_relevant", counts.0.count)) : nil
      let folds = file.exists("folds") ? try numbers(file, "folds", counts.0.count) : nil
      let runs = try seeds.map { seed in
        let group = "runs/\(seed)"
        var (reverse, reverseBlocks, reverseFolds): (QueryLevels?, QueryBlocks?, [Int]?) = (nil, nil, nil)
        var reversePresent: PresentRows?
        if file.exists(group + "/reverse/levels") {
          let other = group + "/reverse"
          reverse = try levels(
            file, other,
            counts: (try file.readInts(other + "/relevant_counts"), try file.readInts(other + "/gallery_counts")))
          reverseBlocks = QueryBlocks(labels: try file.readInts(other + "/blocks"))
          if file.exists(other + "/present_gallery") {
            reversePresent = PresentRows(
              gallery: try numbers(file, other + "/present_gallery", reverse?.count ?? 0),
              relevant: try numbers(file, other + "/present_relevant", reverse?.count ?? 0))
          }
          if file.exists(other + "/folds") { reverseFolds = try numbers(file, other + "/folds", reverse?.count ?? 0) }
        }
        return RankedQueries(
          forward: try levels(file, group, counts: counts), reverse: reverse, blocks: blocks,
          reverseBlocks: reverseBlocks,
          depth: file.exists(group + "/depth") ? try file.readInts(group + "/depth").first : nil, present: present,
          folds: folds.map { RankedQueries.Folds(forward: $0, reverse: reverseFolds) },
          reversePresent: reversePresent)
      }
      let ids = file.exists("query_ids") ? try file.readStrings("query_ids") : nil
      guard blocks.blockOf.count == counts.0.count, ids.map({ $0.count == counts.0.count }) ?? true else {
        throw IeumError(.data, "names, blocks and ranks are of different numbers", remedy: "run the cell again")
      }
      return RanksFile(queryIDs: ids, seeds: seeds, runs: runs)
    } catch let error as IeumError where error.file == nil {
      throw IeumError(error.kind, error.problem, file: path, place: error.place, remedy: error.remedy)
    }
  }

  /// - Throws: ``IeumError`` (data) when there are more or fewer than `count`, or negative ones.
  private static func numbers(_ file: HDF5File, _ name: String, _ count: Int) throws -> [Int] {
    let numbers = try file.readInts(name)
    guard numbers.count == count, numbers.allSatisfy({ $0 >= 0 }) else {
      throw IeumError(.data, "does not fit the \(count) ranks", place: name, remedy: "run the cell again")
    }
    return numbers
  }

  private static func levels(
    _ file: HDF5File, _ group: String, counts: (relevant: [Int], gallery: [Int])
  ) throws -> QueryLevels {
    let numbers = try file.readInts(group + "/levels")
    let levels = stride(from: 0, to: numbers.count - numbers.count % 4, by: 4).map { i in
      Level(above: numbers[i], tied: numbers[i + 1], relevant: numbers[i + 2], relevantAbove: numbers[i + 3])
    }
    return try QueryLevels(
      storedOffsets: try file.readInts(group + "/offsets"), levels: levels, relevantCounts: counts.relevant,
      galleryCounts: counts.gallery)
  }
}

extension HDF5File {
  fileprivate func write(_ name: String, numbers: [Int]) throws {
    try write(name, ints: numbers.map { Int64($0) }, shape: [numbers.count])
  }
}
