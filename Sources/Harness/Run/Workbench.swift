import Basics
import Datasets
import Foundation

/// What the cells of one process share: the cache and the datasets already loaded.
public final class Workbench {
  public let cache: Cache
  private var datasets: [String: Dataset] = [:]

  public init(cache: Cache = Cache()) {
    self.cache = cache
  }

  /// The dataset of a configuration, loaded once per process.
  /// - Throws: ``IeumError`` when it is unknown, missing or damaged.
  public func dataset(_ choice: CellConfig.DatasetChoice) throws -> Dataset {
    let key = "\(choice.name)|\(choice.root ?? "")|\(choice.language)|\(choice.options.description)"
    if let known = datasets[key] { return known }
    let (spec, options) = (try DatasetRegistry.named(choice.name), try choice.resolved())
    let progress = Progress()
    try spec.makeFiles(options) { done, total in
      if done == 0 { progress.start("making \(choice.name)", total: total) } else { progress.moved(to: done) }
    }
    progress.finish()
    let dataset = try spec.load(options)
    datasets[key] = dataset
    return dataset
  }
}

extension CellConfig.DatasetChoice {
  static let declared = DatasetOptions.declared

  /// The dataset room's options.
  /// - Throws: ``IeumError`` (usage) for an unknown option.
  func resolved() throws -> DatasetOptions {
    try DatasetOptions(root: root, language: language, values: options, owner: "dataset '\(name)'")
  }
}
