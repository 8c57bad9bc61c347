import Basics
import Datasets
import Foundation
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
    let rows = try embed(.text, views.count) { try texts.input(Array(views[$0])) }.rows
    return ItemVectors(
      names: views.map { DatasetItem.captionID($0.key.id, $0.number) }, rows: rows, dimension: network.dimension)
  }

  /// A vector per item that has the modality: the mean over its frames (half2020), or its pooled frames where the network
  /// was trained on whole clips. Nil without such a tower. An item of which anything cannot be decoded has none.
  func clips(_ modality: Modality, _ items: [DatasetItem], dataset: Int) throws -> ItemVectors? {
    guard let inputs = inputs[modality] else { return nil }
    let all = items.map { ItemKey(dataset: dataset, id: $0.id) }
    let keys = all.filter { inputs.count(of: $0) > 0 }
    let unreadable = inputs.unreadable
    let lacking = Set(all.filter { inputs.count(of: $0) == 0 && unreadable[$0] == nil }.map(\.id))
    // Rows per item.
    let counts = keys.map { towers.trainsOnSingleFrames ? inputs.count(of: $0) : 1 }
    let (rows, failures): ([Float], [Int: String])
    if towers.trainsOnSingleFrames {
      let views = zip(keys, counts).flatMap { key, count in (0..<count).map { ItemView(key: key, number: $0) } }
      (rows, failures) = try embed(modality, views.count) { try inputs.input(Array(views[$0])) }
    } else {
      (rows, failures) = try embed(modality, keys.count) { try inputs.sequences(Array(keys[$0])) }
    }
    var reasons: [String: String] = [:]
    var (names, whole, start): ([String], [Range<Int>], Int) = ([], [], 0)
    for (key, count) in zip(keys, counts) {
      let own = start..<start + count
      start += count
      if let reason = own.lazy.compactMap({ failures[$0] }).first {
        reasons[key.id] = reason
      } else {
        names.append(key.id)
        whole.append(own)
      }
    }
    let d = network.dimension
    let kept = reasons.isEmpty ? rows : whole.flatMap { rows[$0.lowerBound * d..<$0.upperBound * d] }
    let vectors = towers.trainsOnSingleFrames ? ItemVectors.means(kept, counts: whole.map(\.count), dimension: d) : kept
    return ItemVectors(names: names, rows: vectors, dimension: d, failures: reasons, lacking: lacking)
  }

  /// Embeddings of many rows, and which of them could not be decoded.
  private func embed(
    _ modality: Modality, _ count: Int, make: @escaping @Sendable (Range<Int>) throws -> TowerRows
  ) throws -> (rows: [Float], failures: [Int: String]) {
    let failed = RowFailures()
    let rows = try network.embedAll(modality, count: count, piece: piece, workers: towers.workers) { range in
      let made = try make(range)
      failed.add(made.failures, from: range.lowerBound)
      return made.input
    }
    return (rows, failed.all)
  }
}

/// Rows that background threads could not decode.
private final class RowFailures: @unchecked Sendable {
  private let lock = NSLock()
  private var reasons: [Int: String] = [:]

  func add(_ failures: [Int: String], from start: Int) {
    guard !failures.isEmpty else { return }
    lock.withLock { for (row, reason) in failures { reasons[start + row] = reason } }
  }

  var all: [Int: String] { lock.withLock { reasons } }
}
