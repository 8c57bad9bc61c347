import Basics
import Datasets
import Models
import Tensors

/// The items of a dataset that have both a text and an image feature, split by split, as tensors.
struct JointData {
  let text: SideInputs
  let image: SideInputs
  let train: JointSplit
  let validation: JointSplit
  /// The split that is evaluated, with its items for names and labels.
  let evaluated: JointSplit
  let items: [DatasetItem]
  /// Rows of `items` that have something to find.
  let queryRows: [Int]
  /// Items of the dataset that could not be used, and why.
  let skipped: Int
  /// Items that were encoded without some of their images.
  let partial: Int
  /// Listed items of the evaluated split, and those that are ranked: the others are left out on both sides.
  let counts: DirectionCounts

  init(_ dataset: Dataset, text: SideInputs, image: SideInputs, split: Split) throws {
    let usable = Set(dataset.allItems.map(\.id).filter { text.has($0) && image.has($0) })
    func items(_ split: Split) -> [DatasetItem] { dataset.items(in: split).filter { usable.contains($0.id) } }
    func rows(_ split: Split) throws -> JointSplit {
      let items = items(split)
      guard !items.isEmpty else {
        throw IeumError(
          .data, "the split '\(split.rawValue)' of '\(dataset.name)' has no usable item",
          remedy: "see /errors of its feature files with `ieum features show`")
      }
      let ids = items.map(\.id)
      return try JointSplit(
        text: try text.tensor(ids), image: try image.tensor(ids),
        relevant: dataset.retrieval(of: items).relevantRows, name: split.rawValue)
    }
    (self.text, self.image) = (text, image)
    train = try rows(.train)
    validation = try rows(.validation)
    evaluated = try rows(split)
    self.items = items(split)
    queryRows = dataset.retrieval(of: self.items).queryRows
    skipped = dataset.allItems.count - usable.count + dataset.skipped.count
    let ranked = Set(self.items.map(\.id))
    let listed = dataset.split?.ids(in: split) ?? dataset.items(in: split).map(\.id)
    let all = Completeness(found: ranked.count, absent: listed.filter { !ranked.contains($0) })
    counts = DirectionCounts(
      direction: DirectionCounts.ofItems, queries: Completeness(found: queryRows.count, absent: []), gallery: all,
      candidates: ranked.count, withoutSound: 0)
    partial = Set(text.partial + image.partial).count
  }
}
