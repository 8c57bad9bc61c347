import Basics
import Models
import Tensors

/// How a batch of clips is trained on.
public struct ClipLoad: Sendable {
  /// Frames of a clip.
  public var frames = 12
  /// Pairs that go through the towers at a time; 0 = the batch.
  public var microBatch = 0
  public var checkpointing = false

  public init() {}
}

extension TrainingBench {
  /// Steps of CLIP4Clip (meanP) on both towers of ViT-B/32 from random weights: pictures of noise, texts of 32 tokens.
  /// - Throws: ``IeumError`` (usage) for a load that cannot be.
  static func clip(
    batch: Int, _ load: ClipLoad, _ precision: TrainerConfiguration.Precision, _ device: Device
  ) throws -> () throws -> Void {
    guard batch > 1, load.frames > 0 else {
      throw IeumError(
        .usage, "\(batch) clips of \(load.frames) frames are no batch", place: "--batch, --frames",
        remedy: "give two clips or more, of one frame or more")
    }
    var generator = SeededGenerator(seed: 1)
    let network = try Clip4ClipNetwork(
      vision: VisionTransformer(VisionTransformerConfig(), generator: &generator),
      text: .clip(try ClipTextNetwork(ClipTextConfig(), generator: &generator)), head: .meanP, generator: &generator)
    var recipe = ClipRecipe()
    // So many epochs that the learning rate's schedule does not end.
    (recipe.epochs, recipe.batchSize, recipe.precision) = (1_000_000, batch, precision)
    (recipe.microBatch, recipe.checkpointing) = (load.microBatch, load.checkpointing)
    let made = try Self.noise(batch, load.frames, network.vision.config.side, &generator)
    let source = ClipSource(count: batch) { _, _ in made }
    return RepeatedEpoch.of(try ClipTrainer(network: network, source: source, recipe: recipe, device: device) { _ in 0 })
  }

  private static func noise(
    _ batch: Int, _ frames: Int, _ side: Int, _ generator: inout SeededGenerator
  ) throws -> ClipSource.Batch {
    let clip = 3 * frames * side * side
    var pixels = [UInt8](repeating: 0, count: batch * clip)
    pixels.withUnsafeMutableBytes { bytes in
      for start in stride(from: 0, to: bytes.count - 7, by: 8) {
        bytes.storeBytes(of: generator.next(), toByteOffset: start, as: UInt64.self)
      }
    }
    let vocabulary = ClipTextConfig().vocabulary
    let rows = (0..<batch).map { _ in
      (0..<31).map { _ in 1 + Int(generator.next() % UInt64(vocabulary - 2)) } + [vocabulary - 1]
    }
    return ClipSource.Batch(
      frames: ClipFrames(
        try Tensor(pixels, shape: [batch, frames, 3, side, side]), lengths: [Int](repeating: frames, count: batch)),
      texts: try ClipTexts(rows: rows, padding: 0), groups: Array(0..<batch))
  }
}
