import Basics

extension EfficientNet {
  private static let paper = "Tan & Le 2019, EfficientNet: Rethinking Model Scaling for CNNs (ICML)"

  /// b0…b7 with the image sizes of torchvision's published (first) weights.
  static let specs: [ImageEncoderSpec] = [
    scaled(0, width: 1, depth: 1, resize: 256, crop: 224), scaled(1, width: 1, depth: 1.1, resize: 256, crop: 240),
    scaled(2, width: 1.1, depth: 1.2, resize: 288, crop: 288), scaled(3, width: 1.2, depth: 1.4, resize: 320, crop: 300),
    scaled(4, width: 1.4, depth: 1.8, resize: 384, crop: 380), scaled(5, width: 1.6, depth: 2.2, resize: 456, crop: 456),
    scaled(6, width: 1.8, depth: 2.6, resize: 528, crop: 528), scaled(7, width: 2, depth: 3.1, resize: 600, crop: 600),
  ]

  /// Lite0…Lite4; the short side is 32 pixels longer than the crop.
  static let liteSpecs: [ImageEncoderSpec] = [
    lite(0, width: 1, depth: 1, crop: 224), lite(1, width: 1, depth: 1.1, crop: 240),
    lite(2, width: 1.1, depth: 1.2, crop: 260), lite(3, width: 1.2, depth: 1.4, crop: 280),
    lite(4, width: 1.4, depth: 1.8, crop: 300),
  ]

  private static func scaled(_ size: Int, width: Double, depth: Double, resize: Int, crop: Int) -> ImageEncoderSpec {
    let plan = EfficientNetPlan(width: width, depth: depth, fixedEnds: false)
    // torchvision's b5–b7 are ports from TensorFlow that kept its epsilon.
    let epsilon = size >= 5 ? 1e-3 : 1e-5
    return spec(
      name: "efficientnet-b\(size)", summary: "Compound-scaled inverted bottlenecks, \(plan.blocks.count) blocks",
      plan: plan, isLite: false, epsilon: epsilon,
      preprocessing: ImagePreprocessing(
        resize: resize, crop: crop, interpolation: .bicubic, mean: ImagePreprocessing.imageNetMean,
        std: ImagePreprocessing.imageNetStd))
  }

  private static func lite(_ size: Int, width: Double, depth: Double, crop: Int) -> ImageEncoderSpec {
    let plan = EfficientNetPlan(width: width, depth: depth, fixedEnds: true)
    return spec(
      name: "efficientnet-lite\(size)",
      summary: "EfficientNet for small processors: ReLU6, no squeeze-and-excitation, \(plan.blocks.count) blocks",
      plan: plan, isLite: true, epsilon: 1e-5,
      preprocessing: ImagePreprocessing(
        resize: crop + 32, crop: crop, interpolation: .bilinear, mean: ImagePreprocessing.half,
        std: ImagePreprocessing.half))
  }

  private static func spec(
    name: String, summary: String, plan: EfficientNetPlan, isLite: Bool, epsilon: Double,
    preprocessing: ImagePreprocessing
  ) -> ImageEncoderSpec {
    let names = EfficientNetNames(plan: plan, isLite: isLite)
    return ImageEncoderSpec(
      name: name, summary: summary, source: paper, dimension: plan.head, preprocessing: preprocessing,
      ignored: EfficientNetNames.ignored,
      build: { convention, initial in
        let style = Style(
          isLite: isLite, convention: convention, epsilon: convention == .tensorflow ? 1e-3 : epsilon)
        return try EfficientNet(plan: plan, style: style, initial: &initial)
      },
      normalise: { tensors, file in try names.normalised(tensors, file: file) })
  }
}
