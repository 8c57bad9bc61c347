import Basics
import Tensors

/// The gradients of one batch, whatever its size: pieces go through the towers one after the other, the loss sees all.
///
/// First the towers' vectors are made without a graph; the loss's gradients with respect to them are kept; then each piece
/// goes through its tower again, with a graph, and takes its share of those gradients on. The result is that of one large
/// batch, up to rounding.
/// - Source: Gao et al. 2021, "Scaling Deep Contrastive Learning Batch Size under Memory Limited Setup" (GradCache).
public struct ClipStep {
  let network: Clip4ClipNetwork
  /// Pairs at a time; 0 = all at once, with one graph.
  let microBatch: Int
  let checkpointing: Bool
  let distillation: ClipDistillation?
  /// Texts of which a tight head scores all clips at a time, when the batch is taken apart.
  private let tile = 8

  public init(
    network: Clip4ClipNetwork, microBatch: Int, checkpointing: Bool, distillation: ClipDistillation? = nil
  ) {
    (self.network, self.microBatch, self.checkpointing) = (network, microBatch, checkpointing)
    self.distillation = distillation
  }

  /// Adds the batch's gradients to all trained parameters.
  /// - Parameters:
  ///   - teacher: `[N, K]`, what the distillation wants.
  ///   - generator: draws the head's dropout.
  /// - Returns: the loss, in nats, a scalar; with the distillation's.
  public func gradients(
    _ frames: ClipFrames, _ texts: ClipTexts, groups: [Int], teacher: Tensor? = nil,
    generator: inout SeededGenerator
  ) throws -> Tensor {
    guard microBatch > 0 && microBatch < groups.count || checkpointing else {
      let (text, frame) = (try network.textVectors(texts), try network.frameVectors(frames))
      let logits = try network.logits(text: text, frames: frame, lengths: frames.lengths, generator: &generator)
      var loss = try ClipLoss.value(logits, groups: groups)
      if let told = try distilled(frame, frames.lengths, teacher) { loss = try loss + told }
      try loss.backward()
      return try loss.detached()
    }
    let size = microBatch > 0 ? microBatch : groups.count
    let pieces = stride(from: 0, to: groups.count, by: size).map { $0..<min(groups.count, $0 + size) }
    let (text, frame) = try noGrad {
      (
        try Tensor.cat(pieces.map { try network.textVectors(try texts[$0]) }, dim: 0).to(.float32),
        try Tensor.cat(pieces.map { try network.frameVectors(try frames[$0]) }, dim: 0).to(.float32)
      )
    }
    text.requiresGrad = true
    frame.requiresGrad = true
    var value = try lossGradients(text, frame, frames.lengths, groups: groups, generator: &generator)
    if let told = try distilled(frame, frames.lengths, teacher) {
      try told.backward()
      value = try value + told.detached()
    }
    guard let textGradient = text.grad, let frameGradient = frame.grad else { return value }
    for piece in pieces {
      try spread(textGradient.rows(piece), frameGradient.rows(piece), try texts[piece], try frames[piece])
    }
    return value
  }

  private func distilled(_ frames: Tensor, _ lengths: [Int], _ teacher: Tensor?) throws -> Tensor? {
    guard let distillation, let teacher else { return nil }
    return try distillation.loss(frames, lengths: lengths, teacher: teacher)
  }

  /// The gradients of the head, the logit scale and the two leaves.
  private func lossGradients(
    _ text: Tensor, _ frames: Tensor, _ lengths: [Int], groups: [Int], generator: inout SeededGenerator
  ) throws -> Tensor {
    guard network.kind == .tight else {
      let logits = try network.logits(text: text, frames: frames, lengths: lengths, generator: &generator)
      let loss = try ClipLoss.value(logits, groups: groups)
      try loss.backward()
      return try loss.detached()
    }
    // The same once more: the pairs' scores are leaves of the loss, and made again tile by tile.
    let seed = generator.next()
    let tiles = stride(from: 0, to: groups.count, by: tile).map { $0..<min(groups.count, $0 + tile) }
    func logits(_ rows: Range<Int>) throws -> Tensor {
      var own = SeededGenerator(seed: seed, purpose: "tile-\(rows.lowerBound)")
      return try network.logits(text: text.rows(rows), frames: frames, lengths: lengths, generator: &own)
    }
    let scores = try noGrad { try Tensor.cat(tiles.map(logits), dim: 0) }
    scores.requiresGrad = true
    let loss = try ClipLoss.value(scores, groups: groups)
    try loss.backward()
    guard let gradient = scores.grad else { return try loss.detached() }
    for rows in tiles { try logits(rows).backward(gradient.rows(rows)) }
    return try loss.detached()
  }

  private func spread(_ text: Tensor, _ frame: Tensor, _ texts: ClipTexts, _ frames: ClipFrames) throws {
    if checkpointing {
      try network.backward(texts, text)
      try network.backward(frames, frame)
    } else {
      let (texts, frames) = (try network.textVectors(texts), try network.frameVectors(frames))
      if texts.requiresGrad { try texts.to(.float32).backward(text) }
      if frames.requiresGrad { try frames.backward(frame) }
    }
  }
}

extension Tensor {
  /// Some neighbouring entries of the first dimension.
  public func rows(_ range: Range<Int>) throws -> Tensor { try narrow(dim: 0, start: range.lowerBound, length: range.count) }
}

extension ClipFrames {
  subscript(_ rows: Range<Int>) -> ClipFrames {
    get throws { ClipFrames(try pixels.rows(rows), lengths: Array(lengths[rows])) }
  }
}

extension ClipTexts {
  subscript(_ rows: Range<Int>) -> ClipTexts {
    get throws { ClipTexts(try ids.rows(rows), lengths: Array(lengths[rows])) }
  }
}
