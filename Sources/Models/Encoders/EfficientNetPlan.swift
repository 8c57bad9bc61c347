/// The stages of an EfficientNet after compound scaling.
/// - Source: Tan & Le 2019, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", Table 1.
struct EfficientNetPlan: Sendable, Equatable {
  /// One mobile inverted bottleneck block.
  struct Block: Sendable, Equatable {
    /// Stage and place in the stage, both from 0.
    let stage: Int
    let place: Int
    let expand: Int
    let kernel: Int
    let stride: Int
    let input: Int
    let output: Int

    /// Channels after expansion.
    var hidden: Int { EfficientNetPlan.rounded(input * expand, width: 1) }
    var isResidual: Bool { stride == 1 && input == output }
  }

  let stem: Int
  let head: Int
  let blocks: [Block]

  /// - Parameters:
  ///   - width: multiplier of the channel counts.
  ///   - depth: multiplier of the number of blocks per stage.
  ///   - fixedEnds: EfficientNet-Lite: the stem, the head and the depth of the first and last stage are not scaled.
  init(width: Double, depth: Double, fixedEnds: Bool) {
    typealias Stage = (expand: Int, kernel: Int, stride: Int, input: Int, output: Int, repeats: Int)
    let stages: [Stage] = [
      (1, 3, 1, 32, 16, 1), (6, 3, 2, 16, 24, 2), (6, 5, 2, 24, 40, 2), (6, 3, 2, 40, 80, 3),
      (6, 5, 1, 80, 112, 3), (6, 5, 2, 112, 192, 4), (6, 3, 1, 192, 320, 1),
    ]
    stem = fixedEnds ? 32 : Self.rounded(32, width: width)
    var blocks: [Block] = []
    for (index, stage) in stages.enumerated() {
      let atEnd = index == 0 || index == stages.count - 1
      let repeats = fixedEnds && atEnd ? stage.repeats : Int((Double(stage.repeats) * depth).rounded(.up))
      let input = index == 0 ? stem : Self.rounded(stage.input, width: width)
      let output = Self.rounded(stage.output, width: width)
      for place in 0..<repeats {
        blocks.append(
          Block(
            stage: index, place: place, expand: stage.expand, kernel: stage.kernel,
            stride: place == 0 ? stage.stride : 1, input: place == 0 ? input : output, output: output))
      }
    }
    self.blocks = blocks
    // torchvision's head is four times the last stage, which is the paper's 1280 scaled in the same way.
    head = fixedEnds ? 1280 : 4 * (blocks.last?.output ?? 320)
  }

  /// Scaled channels as the nearest multiple of 8, never more than 10 % below.
  static func rounded(_ channels: Int, width: Double) -> Int {
    let scaled = Double(channels) * width
    let nearest = max(8, Int(scaled + 4) / 8 * 8)
    return Double(nearest) < 0.9 * scaled ? nearest + 8 : nearest
  }
}
