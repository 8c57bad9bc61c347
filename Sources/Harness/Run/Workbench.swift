import Basics
import Datasets
import Foundation
import Logging

/// What the cells of one process share: the cache, datasets already loaded, the log.
public final class Workbench {
  public let cache: Cache
  public let log: Logger
  private var datasets: [String: Dataset] = [:]

  public init(cache: Cache = Cache(), log: Logger = Logger(label: "ieum")) {
    self.cache = cache
    self.log = log
  }

  /// The dataset of a configuration, loaded once per process.
  /// - Throws: ``IeumError`` when it is unknown, missing or damaged.
  public func dataset(_ choice: CellConfig.DatasetChoice) throws -> Dataset {
    let key = "\(choice.name)|\(choice.root ?? "")|\(choice.language)|\(choice.options.description)"
    if let known = datasets[key] { return known }
    let options = DatasetOptions(root: choice.root, language: choice.language, parameters: choice.options)
    let dataset = try DatasetRegistry.named(choice.name).load(options)
    datasets[key] = dataset
    return dataset
  }
}
