import Basics
import Foundation

extension SearchSpec {
  /// One setting's values, or the interval they are drawn from.
  struct Range: Sendable {
    enum Kind: Sendable {
      case values([ConfigTree])
      case interval(from: Double, to: Double, logarithmic: Bool, whole: Bool, steps: Int)
    }
    let path: [String]
    let kind: Kind
    let place: String

    var name: String { path.joined(separator: ".") }
  }
}

extension SearchSpec.Range {
  /// Whether the setting exists for a cell: a parameter where the cell's loss, model or encoder declares it, anything else
  /// where the method learns.
  func applies(to config: CellConfig) -> Bool {
    guard let last = path.last, let declared = config.declaredParameters(Array(path.dropLast())) else { return config.isTrainable }
    return declared.contains(last)
  }

  /// What every method has in common; a search over it would leave the budget, or measure something else.
  private static let common = [
    "dataset", "validation", "task", "seeds", "evaluation.split", "evaluation.metrics", "evaluation.ties",
    "evaluation.protocol", "evaluation.directions",
  ]

  /// Every setting that a value of the range sets: a value may be a whole section.
  private var settings: [String] {
    guard case .values(let values) = kind else { return [name] }
    return values.flatMap { $0.flattened.map { $0.path.isEmpty ? name : "\(name).\($0.path)" } }
  }

  /// Why the setting must not be searched; nil where it may.
  var refusal: String? {
    if settings.contains("training.epochs") {
      return "'search.ranges.\(name)' sets training.epochs, which budget.epochs sets for every method"
    }
    let fixed = settings.first { setting in Self.common.contains { setting == $0 || setting.hasPrefix($0 + ".") } }
    return fixed.map { "'search.ranges.\(name)' sets \($0), which all methods have in common" }
  }

  /// Why no cell has the setting, with the nearest that some cell has; nil where one has it.
  func absence(in cells: [Experiment.Cell]) -> String? {
    guard !cells.contains(where: { applies(to: $0.config) }) else { return nil }
    let problem = "'search.ranges.\(name)' applies to no cell"
    let known = Set(cells.flatMap { $0.config.declaredParameters(Array(path.dropLast())) ?? [] }).sorted()
    guard let last = path.last, !known.isEmpty else { return problem }
    let section = path.dropLast().joined(separator: ".")
    let hint = Suggestion.nearest(to: last, in: known).map { "did you mean '\(section).\($0)'?" }
    return "\(problem); \(hint ?? "known: \(known.joined(separator: ", "))")"
  }

  /// A value drawn at random.
  func drawn(_ generator: inout SeededGenerator) -> ConfigTree {
    switch kind {
    case .values(let values): return values[Int(generator.uniform() * Double(values.count))]
    case .interval: return at(generator.uniform())
    }
  }

  /// All values of a grid.
  var grid: [ConfigTree] {
    switch kind {
    case .values(let values): return values
    case .interval(_, _, _, _, let steps): return (0..<steps).map { at(steps == 1 ? 0.5 : Double($0) / Double(steps - 1)) }
    }
  }

  private func at(_ share: Double) -> ConfigTree {
    guard case .interval(let low, let high, let logarithmic, let whole, _) = kind else { return .empty }
    let value = logarithmic ? exp(log(low) + share * (log(high) - log(low))) : low + share * (high - low)
    let text = whole ? String(Int(value.rounded())) : String(format: "%.4g", value)
    return .scalar(text, quoted: false, at: place)
  }
}
