import Basics
import Datasets
import Ranking

/// Ranks vectors from any program by a dataset's own protocol.
public struct TaskEvaluation: Sendable {
  /// Vectors by name for each side of a task.
  public struct Sources: Sendable {
    public var texts: VectorFile?
    public var items: VectorFile?
    public var partners: VectorFile?
    /// Vectors of the asking items of a ``HashingProtocol``; nil = those of ``items``.
    public var queries: VectorFile?

    public init(
      texts: VectorFile? = nil, items: VectorFile? = nil, partners: VectorFile? = nil, queries: VectorFile? = nil
    ) {
      self.queries = queries
      self.texts = texts
      self.items = items
      self.partners = partners
    }

    func file(_ side: RetrievalTask.Side) throws -> VectorFile {
      let (file, option) =
        switch side {
        case .texts: (texts, "--texts")
        case .items: (items, "--items")
        case .partners: (partners, "--partners")
        case .queries: (queries ?? items, "--items")
        }
      guard let file else {
        throw IeumError(.usage, "the protocol ranks \(side.rawValue), but has no vectors of them", place: option)
      }
      return file
    }
  }

  public let task: RetrievalTask
  /// One result per fold.
  public let results: [RankingResult]
  /// Rows of the task with a vector, over all rows.
  public let queries: Completeness
  public let gallery: Completeness
  /// Names of the queries, in the order of the results' ranks.
  public let queryNames: [String]

  static let defaults = [Metric.recall(at: 1), .recall(at: 5), .recall(at: 10), .medianRank, .meanRank]
  /// What deep hashing reports, whole and at its common cut-off, and the textbook's value at that cut-off.
  static let hashingDefaults = ["mAP", "mAP@1000-found", "mAP@1000"]
  /// What a class name asks for has many answers.
  static let labelDefaults = [Metric.recall(at: 1), .recall(at: 5), .recall(at: 10), .meanAveragePrecision, .precisionAtAll]

  /// - Parameter allowMissing: rank without the rows that have no vector, and count them as misses.
  /// - Throws: ``IeumError`` (data) for missing vectors unless allowed, or for sides of different widths.
  public init(
    _ task: RetrievalTask, sources: Sources, settings: EvaluationSettings, querybank: [Float]? = nil,
    allowMissing: Bool = false
  ) throws {
    if let extra = sources.queries, task.querySide != .queries {
      throw IeumError(
        .usage, "'\(task.protocolName)' takes its queries from --\(task.querySide.rawValue)", file: extra.path,
        place: "--queries", remedy: "only \(HashingProtocol.allCases.map(\.rawValue).joined(separator: ", ")) read it")
    }
    let (queries, gallery) = (try sources.file(task.querySide), try sources.file(task.gallerySide))
    guard queries.dimension == gallery.dimension else {
      throw IeumError(
        .data, "has vectors of \(queries.dimension) numbers, \(gallery.path) of \(gallery.dimension)", file: queries.path,
        remedy: "use one embedding space")
    }
    let folds = task.folds.map { FoldVectors($0, queries: queries, gallery: gallery) }
    self.queries = FoldVectors.completeness(folds.map(\.missingQueries), task.folds.map(\.queries.count))
    self.gallery = FoldVectors.completeness(folds.map(\.missingGallery), task.folds.map(\.gallery.count))
    for (side, file) in [(self.queries, queries), (self.gallery, gallery)] where !side.isComplete && !allowMissing {
      throw IeumError(
        .data, "has no vector for \(side.listed - side.found) of \(side.listed) rows, such as '\(side.missing.first ?? "")'",
        file: file.path, place: "\(task.split), \(task.direction)",
        remedy: "encode them; --allow-missing counts them as misses and keeps them in the divisor")
    }
    let metrics = settings.metrics.isEmpty ? try TaskEvaluation.defaults(of: task) : settings.metrics
    results = try folds.map { fold in
      try settings.evaluate(
        try fold.problem(file: gallery.path), bank: querybank, file: queries.path, absent: fold.absent, metrics: metrics)
    }
    self.task = task
    queryNames = folds.flatMap(\.queryNames)
  }

  private static func defaults(of task: RetrievalTask) throws -> [Metric] {
    switch task.querySide {
    case .queries: try hashingDefaults.map { try Metric.parse($0) }
    case .texts where task.textRelevance == .label: labelDefaults
    case .texts, .items, .partners: defaults
    }
  }
}

/// The vectors of one fold, as far as there are any.
private struct FoldVectors {
  let dimension: Int
  let queryValues: [Float]
  let galleryValues: [Float]
  let relevant: [[Int]]
  let groups: [Int]?
  let absentRelevant: [Int]
  let unranked: [Int]
  let absentCandidates: Int
  let missingQueries: [String]
  let missingGallery: [String]
  /// Ranked queries, then the others.
  let queryNames: [String]

  init(_ fold: RetrievalTask.Fold, queries: VectorFile, gallery: VectorFile) {
    let dimension = gallery.dimension
    // Where each gallery row goes; rows without a vector go nowhere.
    var (place, values): ([Int?], [Float]) = ([], [])
    for entry in fold.gallery {
      let vector = gallery.vector(entry)
      place.append(vector == nil ? nil : values.count / dimension)
      if let vector { values += vector }
    }
    let candidates = fold.groups ?? Array(fold.gallery.indices)
    let kept = candidates.indices.filter { place[$0] != nil }
    let present = Set(kept.map { candidates[$0] })
    let number = Dictionary(uniqueKeysWithValues: present.sorted().enumerated().map { ($1, $0) })
    let answers = Answers(fold, queries, candidates, place, present)
    self.dimension = dimension
    galleryValues = values
    queryValues = answers.values
    relevant = answers.relevant
    absentRelevant = answers.absentRelevant
    unranked = answers.unranked
    missingQueries = answers.missing
    queryNames = answers.ranked + answers.rest
    missingGallery = fold.gallery.indices.filter { place[$0] == nil }.map { fold.gallery[$0].name }
    absentCandidates = Set(candidates).count - present.count
    groups = fold.groups == nil ? nil : kept.compactMap { number[candidates[$0]] }
  }

  /// The queries that can be ranked, and the others.
  private struct Answers {
    var values: [Float] = []
    var relevant: [[Int]] = []
    var absentRelevant: [Int] = []
    var unranked: [Int] = []
    var missing: [String] = []
    var ranked: [String] = []
    var rest: [String] = []

    init(
      _ fold: RetrievalTask.Fold, _ queries: VectorFile, _ candidates: [Int], _ place: [Int?], _ present: Set<Int>
    ) {
      for (query, entry) in fold.queries.enumerated() {
        let rows = fold.indices[fold.indptr[query]..<fold.indptr[query + 1]]
        let wanted = { Set(rows.map { candidates[$0] }) }
        let known = rows.compactMap { place[$0] }
        let vector = queries.vector(entry)
        if vector == nil { missing.append(entry.name) }
        if let vector, !known.isEmpty {
          values += vector
          relevant.append(known)
          absentRelevant.append(known.count == rows.count ? 0 : wanted().subtracting(present).count)
          ranked.append(entry.name)
        } else {
          unranked.append(wanted().count)
          rest.append(entry.name)
        }
      }
    }
  }

  /// nil where nothing is absent.
  var absent: AbsentRows? {
    guard absentCandidates > 0 || !unranked.isEmpty else { return nil }
    return AbsentRows(candidates: absentCandidates, relevant: absentRelevant, unrankedQueries: unranked)
  }

  func problem(file: String) throws -> RankingProblem {
    guard !queryValues.isEmpty else {
      throw IeumError(.data, "has no vector that any query asks for", file: file, remedy: "check the names in /ids")
    }
    return try RankingProblem(
      queries: queryValues, gallery: galleryValues, dimension: dimension,
      indptr: relevant.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.count) }, indices: relevant.flatMap { $0 },
      groups: groups, queryNames: Array(queryNames.prefix(relevant.count)), file: file)
  }

  static func completeness(_ missing: [[String]], _ counts: [Int]) -> Completeness {
    let (all, listed) = (missing.flatMap { $0 }, counts.reduce(0, +))
    return Completeness(listed: listed, found: listed - all.count, missing: Array(all.prefix(20)))
  }
}
