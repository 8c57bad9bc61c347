import Basics
import Tensors

/// The items of one split: features and, for each item, the items of the same split that are relevant to it.
public struct JointSplit: Sendable {
  /// Text features `[N, Dt]` float32, or the inputs of a trainable text network: word ids `[N, T]` int64.
  public let text: Tensor
  /// Image features `[N, Di]` float32, or the inputs of a trainable image network: item numbers `[N, 1]` int64.
  public let image: Tensor
  /// Row indices of the relevant items of every item; relevance counts in either direction.
  public let relevant: [[Int]]

  public var count: Int { relevant.count }

  /// - Throws: ``IeumError`` (data) when rows and lists do not fit, an index is out of range, or a feature
  ///   is not finite.
  public init(text: Tensor, image: Tensor, relevant: [[Int]], name: String) throws {
    guard text.rank == 2, image.rank == 2, text.shape[0] == relevant.count, image.shape[0] == relevant.count
    else {
      throw IeumError(
        .data, "text \(text.shape), images \(image.shape) and \(relevant.count) relevance lists do not fit",
        place: "split '\(name)'", remedy: "give one row of each per item")
    }
    if let item = relevant.firstIndex(where: { $0.contains { !relevant.indices.contains($0) } }) {
      throw IeumError(
        .data, "a relevant item lies outside the split", place: "split '\(name)', item \(item)",
        remedy: "keep only relevant items of the same split")
    }
    for (part, tensor) in [("text", text), ("image", image)] where tensor.dtype != .int64 {
      guard try tensor.isFinite() else {
        throw IeumError(
          .data, "the \(part) features hold NaN or infinity", place: "split '\(name)'",
          remedy: "extract the features again")
      }
    }
    self.text = text
    self.image = image
    self.relevant = relevant
  }

  /// Relevance within a batch of rows.
  func relevance(of rows: [Int]) -> BatchRelevance {
    let sets = rows.map { Set(relevant[$0]) }
    return BatchRelevance(count: rows.count) { sets[$0].contains(rows[$1]) }
  }

  /// Features of some rows.
  func batch(_ rows: [Int]) throws -> (text: Tensor, image: Tensor) {
    let index = try Tensor(rows.map { Int64($0) }, shape: [rows.count])
    return (try text.indexSelect(dim: 0, index), try image.indexSelect(dim: 0, index))
  }

  /// Whether any item has a relevant partner other than itself.
  var hasPositives: Bool { relevant.enumerated().contains { item, list in list.contains { $0 != item } } }
}
