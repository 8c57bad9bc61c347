import Basics
import Datasets
import Foundation
import Ranking

/// One cell of an experiment as it stands in `cells/<cell-id>/result.json`: what was run, on what, and what came out.
///
/// Written by the run, read by the report and by outside programs; optional parts may be absent in the file.
public struct CellResult: Codable, Sendable, Equatable {
  /// The version this code writes.
  public static let currentSchemaVersion = 1

  public enum Status: String, Codable, Sendable {
    case ok, failed
    /// Not run because data or weights are not in place.
    case missing
  }

  public var schemaVersion = CellResult.currentSchemaVersion
  public var id: String
  public var experiment: String
  /// Labels that place the cell in tables, and how they are written there.
  public var row: String
  public var column: String
  public var rowTitle: String
  public var columnTitle: String
  /// The method of a method comparison (figure 31 of hong2022); nil in an encoder grid.
  public var method: String?
  public var status: Status
  /// Why a cell is not `ok`.
  public var reason: String?
  public var seeds: [Int] = []
  /// Metric name (`R@10`, `cappedR@10`, `MedR`, …) → one value per seed, in the order of `seeds`.
  public var metrics: [String: [Double]] = [:]
  /// Mean and standard deviation over the seeds; ``summarise()`` fills it.
  public var summary: [String: Spread] = [:]
  /// `[low, high]` of the mean over the seeds: bootstrap over queries, in blocks where several share a video or image.
  public var ci95: [String: [Double]] = [:]
  /// What random vectors score on the same queries and gallery.
  public var chance: [String: Double] = [:]
  /// What a perfect ranking scores on them.
  public var ceiling: [String: Double] = [:]
  /// The resolved configuration, dotted key → value as text.
  public var config: [String: String] = [:]
  public var digests = Digests()
  /// Footnotes of this cell's numbers (`ResNet-50 runs with seeded random weights`).
  public var notes: [String] = []
  /// Names the trainings behind the numbers: cells that differ in their evaluation alone share them, and their time.
  public var training: String?
  /// Phase (`features`, `training`, `evaluation`) → seconds.
  public var wallSeconds: [String: Double] = [:]
  public var peakMemoryBytes = 0
  public var host = Host()
  public var git = Git()
  /// Items of the dataset that could not be used.
  public var skippedItems = 0
  /// Items that were encoded without some of their parts, such as an image that cannot be read.
  public var partialItems = 0
  /// The command that computes this cell again.
  public var command = ""
  public var queries = 0
  public var gallery = 0
  /// Items of the evaluated split with nothing to find: they stay in the gallery and are no queries.
  public var queriesWithoutRelevant = 0
  /// Independent blocks of queries that the interval resamples; equal to ``queries`` where each is its own.
  public var queryBlocks = 0
  public var ties = Ties()
  /// The trials that led to the settings; nil where they were written down.
  public var search: SearchRecord?
  /// Settings of this cell that were evaluated on the test split so far, this one included; 0 where it is not evaluated there.
  public var testReads = 0
  /// The epoch whose checkpoint was kept, per seed.
  public var selectedEpochs: [Int] = []
  /// The named split behind the numbers; nil where the data have none.
  public var evaluated: EvaluatedSplit?
  /// The protocol that decided on galleries and directions (`coco1k-5fold`); nil where the experiment names none.
  public var `protocol`: String?
  /// Items that could not be decoded, `DATASET/ID`, and why; counted in ``skippedItems``.
  public var skipped: [String: String] = [:]
  /// Queries and gallery of each direction, the first one's metrics carrying no prefix; empty in older results.
  public var directions: [DirectionCounts] = []
  /// Source of pairs → training items that it lists, and those that both of its sides can read.
  public var sources: [String: Completeness] = [:]
  /// What each seed chose or measured by the way: `audioShare`, `waitingShare`.
  public var chosen: [String: [Double]] = [:]

  public init(
    id: String, experiment: String, row: String, column: String, rowTitle: String? = nil,
    columnTitle: String? = nil, method: String? = nil, status: Status = .ok, reason: String? = nil
  ) {
    self.id = id
    self.experiment = experiment
    self.row = row
    self.column = column
    self.rowTitle = rowTitle ?? row
    self.columnTitle = columnTitle ?? column
    self.method = method
    self.status = status
    self.reason = reason
  }
}

extension CellResult {
  /// SHA-256 digests of all that the numbers depend on; nil where a part is not used.
  public struct Digests: Codable, Sendable, Equatable {
    public var dataset: String?
    public var split: String?
    public var textFeatures: String?
    public var imageFeatures: String?
    public var textWeights: String?
    public var imageWeights: String?
    public var audioFeatures: String?
    public var audioWeights: String?
    /// Of the frozen encoder that an image tower learnt from.
    public var teacherWeights: String?
    /// The data that were trained on, where they are others than those evaluated on.
    public var trainingData: String?
    public var code: String?
    /// The file `ranks.h5` beside the result.
    public var ranks: String?

    public init(
      dataset: String? = nil, split: String? = nil, textFeatures: String? = nil, imageFeatures: String? = nil,
      textWeights: String? = nil, imageWeights: String? = nil, code: String? = nil, ranks: String? = nil
    ) {
      self.dataset = dataset
      self.split = split
      self.textFeatures = textFeatures
      self.imageFeatures = imageFeatures
      self.textWeights = textWeights
      self.imageWeights = imageWeights
      self.code = code
      self.ranks = ranks
    }

    /// The digests that are present, with their names, in a fixed order.
    public var named: [(name: String, value: String)] {
      let all: [(String, String?)] = [
        ("dataset", dataset), ("split", split), ("text features", textFeatures),
        ("image features", imageFeatures), ("audio features", audioFeatures), ("text weights", textWeights),
        ("image weights", imageWeights), ("audio weights", audioWeights),
        ("teacher weights", teacherWeights), ("training data", trainingData), ("code", code), ("ranks", ranks),
      ]
      return all.compactMap { name, value in value.map { (name, $0) } }
    }
  }

  /// The machine and the libraries.
  public struct Host: Codable, Sendable, Equatable {
    public var cpu: String
    public var cores: Int
    public var threads: Int
    /// The GEMM kernel in use.
    public var blasCore: String
    /// Library → version.
    public var versions: [String: String]

    public init(
      cpu: String = "", cores: Int = 0, threads: Int = 0, blasCore: String = "", versions: [String: String] = [:]
    ) {
      self.cpu = cpu
      self.cores = cores
      self.threads = threads
      self.blasCore = blasCore
      self.versions = versions
    }
  }

  public struct Git: Codable, Sendable, Equatable {
    public var revision: String
    /// True when the working tree differed from the revision.
    public var dirty: Bool

    public init(revision: String = "", dirty: Bool = false) {
      self.revision = revision
      self.dirty = dirty
    }
  }

  /// How equal scores were counted, and how many queries it concerned (the seed with most of them).
  public struct Ties: Codable, Sendable, Equatable {
    public var policy: String
    public var queries: Int
    /// Metric → `[pessimistic, optimistic]`, means over the seeds; absent where ties change nothing.
    public var bounds: [String: [Double]]?

    public init(policy: String = "expected", queries: Int = 0, bounds: [String: [Double]]? = nil) {
      self.policy = policy
      self.queries = queries
      self.bounds = bounds
    }
  }
}

extension CellResult {
  // Keys that are absent keep their defaults, so that older and hand-written files can be read.
  public init(from decoder: Decoder) throws {
    let box = try decoder.container(keyedBy: CodingKeys.self)
    func optional<T: Decodable>(_ key: CodingKeys, _ fallback: T) throws -> T {
      try box.decodeIfPresent(T.self, forKey: key) ?? fallback
    }
    self.init(
      id: try box.decode(String.self, forKey: .id), experiment: try optional(.experiment, ""),
      row: try box.decode(String.self, forKey: .row), column: try optional(.column, ""),
      rowTitle: try box.decodeIfPresent(String.self, forKey: .rowTitle),
      columnTitle: try box.decodeIfPresent(String.self, forKey: .columnTitle),
      method: try box.decodeIfPresent(String.self, forKey: .method),
      status: try box.decode(Status.self, forKey: .status),
      reason: try box.decodeIfPresent(String.self, forKey: .reason))
    schemaVersion = try optional(.schemaVersion, schemaVersion)
    seeds = try optional(.seeds, seeds)
    metrics = try optional(.metrics, metrics)
    summary = try optional(.summary, summary)
    ci95 = try optional(.ci95, ci95)
    chance = try optional(.chance, chance)
    ceiling = try optional(.ceiling, ceiling)
    config = try optional(.config, config)
    digests = try optional(.digests, digests)
    notes = try optional(.notes, notes)
    training = try box.decodeIfPresent(String.self, forKey: .training)
    wallSeconds = try optional(.wallSeconds, wallSeconds)
    peakMemoryBytes = try optional(.peakMemoryBytes, peakMemoryBytes)
    host = try optional(.host, host)
    git = try optional(.git, git)
    skippedItems = try optional(.skippedItems, skippedItems)
    partialItems = try optional(.partialItems, partialItems)
    command = try optional(.command, command)
    queries = try optional(.queries, queries)
    gallery = try optional(.gallery, gallery)
    queriesWithoutRelevant = try optional(.queriesWithoutRelevant, queriesWithoutRelevant)
    queryBlocks = try optional(.queryBlocks, queryBlocks)
    ties = try optional(.ties, ties)
    search = try box.decodeIfPresent(SearchRecord.self, forKey: .search)
    testReads = try optional(.testReads, testReads)
    selectedEpochs = try optional(.selectedEpochs, selectedEpochs)
    evaluated = try box.decodeIfPresent(EvaluatedSplit.self, forKey: .evaluated)
    self.protocol = try box.decodeIfPresent(String.self, forKey: .protocol)
    skipped = try optional(.skipped, skipped)
    directions = try optional(.directions, directions)
    sources = try optional(.sources, sources)
    chosen = try optional(.chosen, chosen)
  }
}
