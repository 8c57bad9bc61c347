import Basics
import Datasets
import Models
import Tensors

/// The items of a dataset that have both a text and an image feature, split by split, as tensors.
struct JointData {
  let train: JointSplit
  let validation: JointSplit
  /// The split that is evaluated, with its items for names and labels.
  let evaluated: JointSplit
  let items: [DatasetItem]
  /// Rows of `items` that have something to find.
  let queryRows: [Int]
  /// Items of the dataset that could not be used, and why.
  let skipped: Int

  init(_ dataset: Dataset, text: TextInputs, image: FeatureFile, split: Split) throws {
    let usable = Set(dataset.allItems.map(\.id).filter { text.has($0) && image.row(of: $0) != nil })
    func items(_ split: Split) -> [DatasetItem] { dataset.items(in: split).filter { usable.contains($0.id) } }
    func rows(_ split: Split) throws -> JointSplit {
      let items = items(split)
      guard !items.isEmpty else {
        throw IeumError(
          .data, "the split '\(split.rawValue)' of '\(dataset.name)' has no usable item", file: image.path,
          remedy: "see the file's /errors with `ieum features show`")
      }
      let ids = items.map(\.id)
      return try JointSplit(
        text: try text.tensor(ids),
        image: try Tensor(try image.matrix(of: ids), shape: [ids.count, image.dimension]),
        relevant: dataset.retrieval(of: items).relevantRows, name: split.rawValue)
    }
    train = try rows(.train)
    validation = try rows(.validation)
    evaluated = try rows(split)
    self.items = items(split)
    queryRows = dataset.retrieval(of: self.items).queryRows
    skipped = dataset.allItems.count - usable.count + dataset.skipped.count
  }
}
