import ArgumentParser
import Basics
import Foundation
import Harness
import Ranking

struct IndexCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "index", abstract: "Nearest-neighbour indexes over feature and embedding files.",
    discussion: IndexRegistry.all.map { spec in
      let parameters = (spec.buildParameters + spec.searchParameters).map { "\($0.name)=\($0.defaultValue)" }
      return "\(spec.name): \(spec.summary)"
        + (parameters.isEmpty ? "" : "\n    " + parameters.joined(separator: " "))
    }.joined(separator: "\n"),
    subcommands: [
      Build.self, Query.self, Bench.self, Create.self, Default.self, Add.self, Remove.self, Rebuild.self, Info.self,
      Check.self,
    ])

  struct Build: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Builds an index over the rows of a file.")
    @Argument(
      help: "A feature file, an embedding file (its gallery), or a file of ann-benchmarks (its train).")
    var file: String
    @Option(help: "exact, forest, …: see `ieum index --help`.") var index = "exact"
    @Option(help: "angular, euclidean, manhattan, dot or hamming.") var metric: String?
    @OptionGroup var given: IndexParameters
    @Option(help: "The folder that the index gets.") var out: String
    @Flag(help: "Print JSON.") var json = false
    @OptionGroup var engine: EngineOptions

    func run() throws {
      let spec = try IndexRegistry.named(index)
      let parameters = try given.single()
      let metric = try self.metric.map { try IndexMetric.named($0) }
      let input = try IndexInput.read(file)
      let built = try IndexFolder.build(
        input, index: spec.name, metric: try input.metric(metric), parameters: parameters, to: out)
      if json {
        try printJSON([
          "index": index, "buildSeconds": built.card.buildSeconds, "bytes": built.card.bytes,
          "vectors": built.card.count,
        ])
      } else {
        print(
          "\(out): \(built.card.count) × \(built.card.dimension), \(built.card.bytes) bytes, "
            + String(format: "%.2f s", built.card.buildSeconds))
      }
    }
  }

  struct Query: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Finds the nearest rows.",
      discussion: "Without --row or --id, every query of the vectors' file is searched.")
    @Argument(help: "An index folder, or a file of Annoy (with --dimension and --metric).") var index: String
    @Option(help: "File with the query vectors (default: the file that the index was built over).")
    var vectors: String?
    @Option(name: .customLong("row"), help: "A row of that file. May be repeated.") var rows: [Int] = []
    @Option(name: .customLong("id"), help: "An id of that file. May be repeated.") var ids: [String] = []
    @Option(name: .customShort("k"), help: "Neighbours.") var k = 10
    @Option(help: "Dimension of an Annoy file.") var dimension: Int?
    @Option(help: "Metric of an Annoy file.") var metric = "angular"
    @OptionGroup var given: IndexParameters
    @Option(help: "HDF5 file that receives /neighbors, /distances and /times, as ann-benchmarks' results have them.")
    var out: String?
    @Flag(help: "Print JSON.") var json = false

    func run() throws {
      let opened = try open()
      let search = try opened.search(try searchParameters())
      let queries = try QueryRows(file: vectors, rows: rows, ids: ids, of: opened)
      var seconds: [Double] = []
      let found = try queries.vectors.map { query in
        let start = ContinuousClock.now
        defer { seconds.append((ContinuousClock.now - start) / .seconds(1)) }
        return try opened.index.search(query.vector, k: k, parameters: search, filter: nil)
      }
      if let out {
        let dataset = ((vectors ?? opened.card.source) as NSString).lastPathComponent
        try AnnBenchmarksResult.write(found, seconds: seconds, k: k, of: opened, dataset: dataset, to: out)
      }
      let answers = zip(queries.vectors, found).map { query, neighbours in
        Answer(
          query: query.name,
          neighbors: neighbours.map { .init(row: $0.row, id: opened.ids?[$0.row], distance: $0.distance) })
      }
      if json { try printJSON(encoding: answers) } else if out == nil { show(answers) }
    }

    private struct Answer: Encodable {
      struct Item: Encodable {
        let row: Int
        let id: String?
        let distance: Float
      }
      let query: String
      let neighbors: [Item]
    }

    private func open() throws -> IndexFolder {
      var isFolder: ObjCBool = false
      let exists = FileManager.default.fileExists(atPath: index, isDirectory: &isFolder)
      if !exists || isFolder.boolValue { return try IndexFolder.open(index) }
      guard let dimension, dimension > 0 else {
        throw IeumError(
          .usage, "a file of Annoy does not tell its dimension", file: index,
          remedy: "give --dimension and --metric")
      }
      return try IndexFolder.annoyFile(
        index, metric: try IndexMetric.named(metric), dimension: dimension, parameters: try given.single())
    }

    /// A folder knows how it was built; of an Annoy file that must be said.
    private func searchParameters() throws -> [String: Scalar] {
      let all = try given.single()
      return dimension == nil ? all : all.filter { $0.key == "search_k" }
    }

    private func show(_ answers: [Answer]) {
      for answer in answers {
        print(answer.query)
        for item in answer.neighbors {
          print("  \(item.id ?? String(item.row))\t" + String(format: "%.6f", item.distance))
        }
      }
    }
  }
}

/// `--param name=value …`, several values after one another or separated by commas.
struct IndexParameters: ParsableArguments {
  @Option(
    name: .customLong("param"), parsing: .upToNextOption,
    help: "Parameters, name=value; bench: name=value,value,….")
  var pairs: [String] = []

  /// Every name once, with one value.
  func single() throws -> [String: Scalar] { try parameters(pairs) }

  /// Every name with the values to try.
  func several() throws -> [String: [Scalar]] {
    try parameters(pairs).mapValues { value in
      guard case .string(let text) = value else { return [value] }
      return text.split(separator: ",").map { Scalar(parsing: String($0)) }
    }
  }
}
