/// Builds the tasks of a protocol from the items of a split.
struct TaskMaker {
  let dataset: Dataset
  let split: Split
  let name: String

  /// A text and the rows of the items it asks for.
  private struct Text {
    let entry: RetrievalTask.Entry
    let rows: [Int]
  }

  func textToItem(_ folds: [[DatasetItem]], _ direction: String) -> RetrievalTask {
    task(direction, .texts, .items) {
      folds.map { items in
        let texts = texts(items)
        return fold(texts.map(\.entry), items.map { .init($0.id) }, texts.map(\.rows))
      }
    }
  }

  func itemToText(_ folds: [[DatasetItem]], _ direction: String, grouped: Bool) -> RetrievalTask {
    task(direction, .items, .texts) {
      folds.map { items in
        let texts = texts(items)
        var rows = [[Int]](repeating: [], count: items.count)
        for (row, text) in texts.enumerated() { for item in text.rows { rows[item].append(row) } }
        // A class name stands for itself; a caption for its item.
        let groups = dataset.textRelevance == .label ? Array(texts.indices) : texts.map { $0.rows[0] }
        return fold(items.map { .init($0.id) }, texts.map(\.entry), rows, groups: grouped ? groups : nil)
      }
    }
  }

  func paired(
    _ items: [DatasetItem], _ direction: String, from: RetrievalTask.Side, to: RetrievalTask.Side
  ) -> RetrievalTask {
    let entries = items.map { RetrievalTask.Entry($0.id) }
    return task(direction, from, to) { [fold(entries, entries, items.indices.map { [$0] })] }
  }

  private func texts(_ items: [DatasetItem]) -> [Text] {
    if dataset.textRelevance == .label {
      let rows = Dictionary(grouping: items.indices) { items[$0].label ?? "" }
      return rows.filter { !$0.key.isEmpty }.sorted { $0.value[0] < $1.value[0] }.map { label, rows in
        let first = items[rows[0]].id
        return Text(entry: .init(label, aliases: [DatasetItem.captionID(first, 0), first]), rows: rows)
      }
    }
    return items.enumerated().flatMap { row, item in
      let count = dataset.captions(of: item).count
      return (0..<count).map { number in
        Text(
          entry: .init(DatasetItem.captionID(item.id, number), aliases: count == 1 ? [item.id] : []), rows: [row])
      }
    }
  }

  private func fold(
    _ queries: [RetrievalTask.Entry], _ gallery: [RetrievalTask.Entry], _ rows: [[Int]], groups: [Int]? = nil
  ) -> RetrievalTask.Fold {
    RetrievalTask.Fold(
      queries: queries, gallery: gallery, indptr: rows.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.count) },
      indices: rows.flatMap { $0 }, groups: groups)
  }

  private func task(
    _ direction: String, _ queries: RetrievalTask.Side, _ gallery: RetrievalTask.Side, _ folds: () -> [RetrievalTask.Fold]
  ) -> RetrievalTask {
    RetrievalTask(
      protocolName: name, direction: direction, querySide: queries, gallerySide: gallery,
      split: "\(dataset.name)/\(dataset.split?.id ?? "own") \(split.rawValue)", captionPolicy: dataset.captionPolicy,
      textRelevance: dataset.textRelevance, folds: folds(), listedItems: dataset.completeness[split]?.listed ?? dataset.items(in: split).count)
  }
}
