/// The 94 convolutions of Inception-v3 in torchvision's (and Keras') order of definition.
extension InceptionV3 {
  struct Layer: Sendable {
    let name: String
    let input: Int
    let output: Int
    let kernel: [Int]
    let stride: Int
    /// Padded to keep the size.
    let padded: Bool
  }

  static let convolutionNames = layers.map(\.name)

  static let layers: [Layer] =
    stem + blockA("5b", 192, pool: 32) + blockA("5c", 256, pool: 64) + blockA("5d", 288, pool: 64) + blockB
    + blockC("6b", 128) + blockC("6c", 160) + blockC("6d", 160) + blockC("6e", 192) + blockD
    + blockE("7b", 1280) + blockE("7c", 2048)

  private static func layer(
    _ name: String, _ input: Int, _ output: Int, _ height: Int, _ width: Int, stride: Int = 1, padded: Bool = true
  ) -> Layer {
    Layer(name: name, input: input, output: output, kernel: [height, width], stride: stride, padded: padded)
  }

  private static let stem = [
    layer("Conv2d_1a_3x3", 3, 32, 3, 3, stride: 2, padded: false), layer("Conv2d_2a_3x3", 32, 32, 3, 3, padded: false),
    layer("Conv2d_2b_3x3", 32, 64, 3, 3), layer("Conv2d_3b_1x1", 64, 80, 1, 1),
    layer("Conv2d_4a_3x3", 80, 192, 3, 3, padded: false),
  ]

  private static func blockA(_ id: String, _ input: Int, pool: Int) -> [Layer] {
    let block = "Mixed_\(id)."
    return [
      layer(block + "branch1x1", input, 64, 1, 1),
      layer(block + "branch5x5_1", input, 48, 1, 1), layer(block + "branch5x5_2", 48, 64, 5, 5),
      layer(block + "branch3x3dbl_1", input, 64, 1, 1), layer(block + "branch3x3dbl_2", 64, 96, 3, 3),
      layer(block + "branch3x3dbl_3", 96, 96, 3, 3), layer(block + "branch_pool", input, pool, 1, 1),
    ]
  }

  private static let blockB = [
    layer("Mixed_6a.branch3x3", 288, 384, 3, 3, stride: 2, padded: false),
    layer("Mixed_6a.branch3x3dbl_1", 288, 64, 1, 1), layer("Mixed_6a.branch3x3dbl_2", 64, 96, 3, 3),
    layer("Mixed_6a.branch3x3dbl_3", 96, 96, 3, 3, stride: 2, padded: false),
  ]

  private static func blockC(_ id: String, _ width: Int) -> [Layer] {
    let block = "Mixed_\(id)."
    return [
      layer(block + "branch1x1", 768, 192, 1, 1),
      layer(block + "branch7x7_1", 768, width, 1, 1), layer(block + "branch7x7_2", width, width, 1, 7),
      layer(block + "branch7x7_3", width, 192, 7, 1),
      layer(block + "branch7x7dbl_1", 768, width, 1, 1), layer(block + "branch7x7dbl_2", width, width, 7, 1),
      layer(block + "branch7x7dbl_3", width, width, 1, 7), layer(block + "branch7x7dbl_4", width, width, 7, 1),
      layer(block + "branch7x7dbl_5", width, 192, 1, 7), layer(block + "branch_pool", 768, 192, 1, 1),
    ]
  }

  private static let blockD = [
    layer("Mixed_7a.branch3x3_1", 768, 192, 1, 1),
    layer("Mixed_7a.branch3x3_2", 192, 320, 3, 3, stride: 2, padded: false),
    layer("Mixed_7a.branch7x7x3_1", 768, 192, 1, 1), layer("Mixed_7a.branch7x7x3_2", 192, 192, 1, 7),
    layer("Mixed_7a.branch7x7x3_3", 192, 192, 7, 1),
    layer("Mixed_7a.branch7x7x3_4", 192, 192, 3, 3, stride: 2, padded: false),
  ]

  private static func blockE(_ id: String, _ input: Int) -> [Layer] {
    let block = "Mixed_\(id)."
    return [
      layer(block + "branch1x1", input, 320, 1, 1), layer(block + "branch3x3_1", input, 384, 1, 1),
      layer(block + "branch3x3_2a", 384, 384, 1, 3), layer(block + "branch3x3_2b", 384, 384, 3, 1),
      layer(block + "branch3x3dbl_1", input, 448, 1, 1), layer(block + "branch3x3dbl_2", 448, 384, 3, 3),
      layer(block + "branch3x3dbl_3a", 384, 384, 1, 3), layer(block + "branch3x3dbl_3b", 384, 384, 3, 1),
      layer(block + "branch_pool", input, 192, 1, 1),
    ]
  }
}
