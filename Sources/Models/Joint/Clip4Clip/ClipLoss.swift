import Basics
import Tensors

/// Symmetric cross-entropy over the logits of a batch.
public enum ClipLoss {
  /// The mean of finding each text's clip and each clip's text, in nats; a scalar.
  ///
  /// Choice: two pairs of one clip are never each other's negatives; the published code lets them be.
  /// - Parameters:
  ///   - logits: `[N, N]`, texts × clips, pairs on the diagonal.
  ///   - groups: what each pair is of.
  /// - Source: Luo et al. 2022 (CLIP4Clip), equations 4 to 6.
  public static func value(_ logits: Tensor, groups: [Int]) throws -> Tensor {
    let count = groups.count
    let blanked = groups.indices.flatMap { row in
      groups.indices.map { $0 != row && groups[$0] == groups[row] }
    }
    let own = try Tensor((0..<count).map { Int64($0) }, shape: [count, 1]).to(logits.device)
    let mask = try Tensor(blanked, shape: [count, count]).to(logits.device)
    let kept = try logits.maskedFill(mask, -.infinity)
    let forward = try kept.logSoftmax(dim: 1).gather(dim: 1, own).mean()
    let backward = try kept.transposed(0, 1).logSoftmax(dim: 1).gather(dim: 1, own).mean()
    return try (forward + backward) * -0.5
  }
}
