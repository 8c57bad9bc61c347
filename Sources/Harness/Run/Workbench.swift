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
    let dataset = try DatasetRegistry.named(choice.name).load(choice.resolved())
    datasets[key] = dataset
    return dataset
  }
}

extension CellConfig.DatasetChoice {
  static let declared = [
    ParameterSpec("seed", default: .int(2022), "seed of the split, where the data give none"),
    ParameterSpec("minimumImages", default: .int(21), "films: items with fewer images are dropped"),
    ParameterSpec("acceptOtherData", default: .bool(false), "load data that differ from the committed card"),
  ]

  /// The dataset room's options.
  /// - Throws: ``IeumError`` (usage) for an unknown option.
  func resolved() throws -> DatasetOptions {
    let values = try Parameters(options, specs: Self.declared, owner: "dataset '\(name)'")
    var result = DatasetOptions(root: root, language: language)
    result.seed = UInt64(max(0, values.int("seed")))
    result.minimumImages = values.int("minimumImages")
    result.acceptOtherData = values.bool("acceptOtherData")
    return result
  }
}
