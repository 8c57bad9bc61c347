import Basics
import Tensors
import Weights

/// The newest embeddings of earlier batches, first in, first out, as further negatives of the next one.
/// - Source: Wang et al. 2020, "Cross-Batch Memory for Embedding Learning", section 3.2; He et al. 2020 (MoCo). The
///   embeddings are those of the trained network itself, without a momentum encoder.
public final class MemoryQueue {
  /// Most pairs kept.
  public let capacity: Int
  private var anchors: Tensor?
  private var positives: Tensor?
  /// What each queued pair is of; pairs of one group are never each other's negatives.
  public private(set) var groups: [Int] = []

  public init(capacity: Int) { self.capacity = max(0, capacity) }

  public var count: Int { groups.count }

  /// Adds a batch, `[N, D]` each, outside the graph; the oldest pairs beyond the capacity go.
  public func push(anchors: Tensor, positives: Tensor, groups: [Int]) throws {
    guard capacity > 0 else { return }
    guard anchors.shape == positives.shape, anchors.shape.first == groups.count else {
      throw IeumError(
        .data, "queueing \(anchors.shape), \(positives.shape) and \(groups.count) groups", remedy: "give one group per pair")
    }
    self.anchors = try kept(self.anchors, anchors)
    self.positives = try kept(self.positives, positives)
    self.groups = Array((self.groups + groups).suffix(capacity))
  }

  /// The queue as negatives of a batch of these groups; nil while it is empty.
  public func pairs(for batch: [Int]) -> QueuedPairs? {
    guard let anchors, let positives, !groups.isEmpty else { return nil }
    return QueuedPairs(
      anchors: anchors, positives: positives, rows: batch.count,
      isNegative: batch.flatMap { group in groups.map { $0 != group } })
  }

  /// What is queued, under names that begin with `prefix`; nothing while it is empty.
  public func state(prefix: String) throws -> [RawTensor] {
    guard let anchors, let positives, !groups.isEmpty else { return [] }
    return [
      try anchors.raw(named: prefix + "anchors"), try positives.raw(named: prefix + "positives"),
      try Tensor(groups.map { Int64($0) }, shape: [groups.count]).raw(named: prefix + "groups"),
    ]
  }

  /// Goes back to what ``state(prefix:)`` gave.
  /// - Throws: ``IeumError`` (data) for tensors that are no queue of this capacity.
  public func load(_ tensors: [RawTensor], prefix: String, on device: Device = .cpu) throws {
    func tensor(_ name: String) throws -> Tensor? { try tensors.first { $0.name == prefix + name }.map { try Tensor($0) } }
    let (anchors, positives) = (try tensor("anchors"), try tensor("positives"))
    let groups = try tensor("groups")?.int64s().map { Int($0) } ?? []
    guard anchors?.shape == positives?.shape, (anchors?.shape.first ?? 0) == groups.count, groups.count <= capacity else {
      throw IeumError(
        .data, "the stored queue does not fit: \(groups.count) groups", place: prefix + "*", remedy: "train again")
    }
    (self.anchors, self.positives, self.groups) = (try anchors?.to(device), try positives?.to(device), groups)
  }

  private func kept(_ old: Tensor?, _ new: Tensor) throws -> Tensor {
    let fresh = try new.detached()
    let joined = try old.map { try Tensor.cat([$0, fresh], dim: 0) } ?? fresh
    let extra = max(0, joined.shape[0] - capacity)
    return try joined.narrow(dim: 0, start: extra, length: joined.shape[0] - extra).copy()
  }
}
