import Basics
import Ranking

/// The settings that `ieum index bench` tries: for each index every combination of build parameters, each
/// searched with every combination of search parameters.
public struct IndexSweep {
  struct Build {
    let spec: IndexSpec
    let parameters: [String: Scalar]
    let searches: [[String: Scalar]]
  }

  let builds: [Build]

  /// - Parameters:
  ///   - indexes: registered names.
  ///   - values: parameter → values to try; applies to every index that declares the parameter.
  ///   - metric: indexes that do not know it are left out, with a note.
  /// - Throws: ``IeumError`` (usage) for an unknown index, or a parameter that none of them declares.
  public init(indexes: [String], values: [String: [Scalar]], metric: IndexMetric, note: (String) -> Void)
    throws
  {
    let specs = try indexes.map { try IndexRegistry.named($0) }
    let declared = Set(specs.flatMap { ($0.buildParameters + $0.searchParameters).map(\.name) })
    for name in values.keys.sorted() where !declared.contains(name) {
      throw Suggestion.unknown("parameter", name, known: declared.sorted(), place: "--param")
    }
    builds = try specs.flatMap { spec -> [Build] in
      guard spec.metrics.contains(metric) else {
        note("the index '\(spec.name)' does not know the metric '\(metric.rawValue)' and is left out")
        return []
      }
      func grid(_ specs: [ParameterSpec]) -> [[String: Scalar]] {
        specs.reduce([[:]]) { grid, parameter in
          guard let tried = values[parameter.name] ?? spec.sweep[parameter.name] else { return grid }
          return grid.flatMap { point in tried.map { point.merging([parameter.name: $0]) { $1 } } }
        }
      }
      let searches = grid(spec.searchParameters)
      for search in searches { _ = try spec.search(search) }
      return grid(spec.buildParameters).map { Build(spec: spec, parameters: $0, searches: searches) }
    }
    guard !builds.isEmpty else {
      throw IeumError(.usage, "no index knows the metric '\(metric.rawValue)'", place: "--metric")
    }
  }
}
