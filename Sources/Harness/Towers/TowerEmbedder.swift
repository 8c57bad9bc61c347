import Basics
import Datasets
import Models

/// Embeds the items of a split with a network: captions, pictures, sounds.
struct TowerEmbedder {
  let network: TowerNetwork
  let inputs: [Modality: any TowerInputs]
  let towers: TowersConfig
  let piece: Int

  /// A vector per caption, named `ID#k`.
  func texts(_ items: [DatasetItem], dataset: Int) throws -> ItemVectors {
    guard let texts = inputs[.text] else { return ItemVectors(names: [], rows: [], dimension: network.dimension) }
    let views = items.flatMap { item in
      let key = ItemKey(dataset: dataset, id: item.id)
      return (0..<texts.count(of: key)).map { ItemView(key: key, number: $0) }
    }
    let rows = try embed(.text, texts, views)
    return ItemVectors(
      names: views.map { DatasetItem.captionID($0.key.id, $0.number) }, rows: rows, dimension: network.dimension)
  }

  /// A vector per item that has the modality: the mean over its frames (half2020), or its pooled frames where the network
  /// was trained on whole clips. Nil without such a tower.
  func clips(_ modality: Modality, _ items: [DatasetItem], dataset: Int) throws -> ItemVectors? {
    guard let inputs = inputs[modality] else { return nil }
    let keys = items.map { ItemKey(dataset: dataset, id: $0.id) }.filter { inputs.count(of: $0) > 0 }
    let rows = towers.trainsOnSingleFrames ? try means(modality, inputs, keys) : try pooled(modality, inputs, keys)
    return ItemVectors(names: keys.map(\.id), rows: rows, dimension: network.dimension)
  }

  private func means(_ modality: Modality, _ inputs: any TowerInputs, _ keys: [ItemKey]) throws -> [Float] {
    let counts = keys.map { inputs.count(of: $0) }
    let views = zip(keys, counts).flatMap { key, count in (0..<count).map { ItemView(key: key, number: $0) } }
    return ItemVectors.means(try embed(modality, inputs, views), counts: counts, dimension: network.dimension)
  }

  private func pooled(_ modality: Modality, _ inputs: any TowerInputs, _ keys: [ItemKey]) throws -> [Float] {
    try network.embedAll(modality, count: keys.count, piece: piece, workers: towers.workers) {
      try inputs.sequences(Array(keys[$0]))
    }
  }

  private func embed(_ modality: Modality, _ inputs: any TowerInputs, _ views: [ItemView]) throws -> [Float] {
    try network.embedAll(modality, count: views.count, piece: piece, workers: towers.workers) {
      try inputs.input(Array(views[$0]))
    }
  }
}
