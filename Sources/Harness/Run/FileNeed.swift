import Basics
import Datasets

/// A part of a dataset whose files a cell reads: some of them must be there.
struct FileNeed {
  let dataset: Dataset
  let part: Split

  /// - Parameters:
  ///   - sources: places among the datasets of those that are trained on from files.
  ///   - validation: place of the dataset that is validated on from files; nil = of none.
  ///   - evaluates: whether the evaluated part is read from files.
  static func parts(
    _ config: CellConfig, _ datasets: [Dataset], sources: [Int], validation: Int?, evaluates: Bool = true
  ) -> [FileNeed] {
    let evaluated = evaluates ? [FileNeed(dataset: datasets[0], part: Split(rawValue: config.evaluation.split) ?? .test)] : []
    return Set(sources).sorted().map { FileNeed(dataset: datasets[$0], part: .train) }
      + (validation.map { [FileNeed(dataset: datasets[$0], part: .validation)] } ?? []) + evaluated
  }

  /// - Throws: ``IeumError`` (data) where the part lists items and not one has its files.
  func check() throws {
    guard let count = dataset.completeness[part], count.listed > 0, count.found == 0 else { return }
    throw IeumError(
      .data, "none of the \(count.listed) items of \(part.rawValue) has its files", place: "dataset '\(dataset.name)'",
      remedy: "see `ieum data check \(dataset.name)`")
  }
}
