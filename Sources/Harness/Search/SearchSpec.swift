import Basics

/// How much every method of an experiment may try, and over what: the sections `budget` and `search`.
///
/// Each method gets the same number of trials of the same number of epochs. Trials train on the training split and are
/// judged on the validation split; the best one's settings are trained once per seed and evaluated on the test split.
public struct SearchSpec: Sendable {
  public enum Method: String, Sendable { case random, grid }

  public let method: Method
  public let trials: Int
  public let epochs: Int
  /// The metric on the validation split; nil = the first of the cell's.
  public let metric: String?
  /// Of the draws, and of the trials' trainings.
  public let seed: Int
  let ranges: [Range]

  /// - Returns: nil when the experiment has neither section.
  init?(budget: ConfigTree?, search: ConfigTree?, problems: ConfigProblems) {
    guard budget != nil || search != nil else { return nil }
    let limits = ConfigReader(budget, path: "budget", problems: problems)
    trials = limits.int("trials", default: search == nil ? 1 : nil, in: 1...100_000)
    epochs = limits.int("epochs", in: 1...100_000)
    limits.finish()
    let reader = ConfigReader(search, path: "search", problems: problems)
    method = Method(rawValue: reader.choice("method", ["random", "grid"], default: "random")) ?? .random
    metric = reader.optionalString("metric")
    seed = reader.int("seed", default: 1, in: 0...Int.max)
    ranges = SearchSpec.ranges(reader.tree("ranges"), problems)
    reader.finish()
    if search != nil, ranges.isEmpty { problems.add(search?.place ?? "search", "'search.ranges' names no setting") }
    for range in ranges { if let refusal = range.refusal { problems.add(range.place, refusal) } }
    if search == nil, trials > 1 { problems.add(budget?.place ?? "budget", "'budget.trials' needs a 'search' over ranges") }
  }

  /// - Throws: ``IeumError`` (usage) naming the ranges over settings that no cell has: misspelt ones, or those of a loss
  ///   that is not there.
  func requireUse(of cells: [Experiment.Cell]) throws {
    let problems = ConfigProblems()
    for range in ranges { if let absence = range.absence(in: cells) { problems.add(range.place, absence) } }
    try problems.check()
  }

  private static func ranges(_ tree: ConfigTree?, _ problems: ConfigProblems) -> [Range] {
    guard let tree else { return [] }
    guard case .map(let entries, _) = tree else {
      problems.add(tree.place, "'search.ranges' must be a map of path.to.key: values")
      return []
    }
    return entries.compactMap { entry in
      let path = entry.key.split(separator: ".").map(String.init)
      switch entry.value {
      case .list(let values, let at) where !values.isEmpty:
        return Range(path: path, kind: .values(values), place: at)
      case .map(_, let at):
        return interval(entry.value, path, problems).map { Range(path: path, kind: $0, place: at) }
      default:
        problems.add(entry.value.place, "'search.ranges.\(entry.key)' must be a list or {from, to}")
        return nil
      }
    }
  }

  private static func interval(_ tree: ConfigTree, _ path: [String], _ problems: ConfigProblems) -> Range.Kind? {
    let reader = ConfigReader(tree, path: "search.ranges.\(path.joined(separator: "."))", problems: problems)
    let low = reader.double("from", in: -1e12...1e12)
    let high = reader.double("to", in: -1e12...1e12)
    let scale = reader.choice("scale", ["linear", "log"], default: "linear")
    let whole = reader.bool("whole", default: false)
    let steps = reader.int("steps", default: 1, in: 1...10_000)
    reader.finish()
    guard low < high, scale == "linear" || low > 0 else {
      problems.add(tree.place, "'\(path.joined(separator: "."))' needs from < to" + (scale == "log" ? ", both above 0" : ""))
      return nil
    }
    return .interval(from: low, to: high, logarithmic: scale == "log", whole: whole, steps: steps)
  }
}
