import Basics
import Models
import Testing
import Weights

/// Foreign names and layouts, as files of those names with traceable values.
struct EncodersNamesTests {
  private func names(_ encoder: String, _ tensors: [RawTensor], file: String = "x") throws -> [String] {
    try ImageEncoderRegistry.named(encoder).normalise(tensors, file: file).tensors.map(\.name)
  }

  private func one(_ name: String, _ shape: [Int] = [1]) -> RawTensor {
    RawTensor(name: name, shape: shape, floats: (0..<shape.reduce(1, *)).map { Float($0) })
  }

  @Test func lukemelasNames() throws {
    let given = [
      "_conv_stem.weight", "_bn0.bias", "_blocks.0._depthwise_conv.weight", "_blocks.0._se_reduce.bias",
      "_blocks.0._bn2.weight", "_blocks.1._expand_conv.weight", "_blocks.2._bn1.running_var", "_blocks.3._se_expand.weight",
      "_conv_head.weight", "_bn1.running_mean", "_fc.weight", "_blocks.99._bn1.bias",
    ]
    #expect(
      try names("efficientnet-b0", given.map { one($0) }) == [
        "features.0.0.weight", "features.0.1.bias", "features.1.0.block.0.0.weight", "features.1.0.block.1.fc1.bias",
        "features.1.0.block.2.1.weight", "features.2.0.block.0.0.weight", "features.2.1.block.1.1.running_var",
        "features.3.0.block.2.fc2.weight", "features.8.0.weight", "features.8.1.running_mean", "_blocks.99._bn1.bias",
      ])
    let spec = try ImageEncoderRegistry.named("efficientnet-b0")
    #expect(try spec.normalise([one("_conv_stem.weight")], file: "x").convention == .tensorflow)
    #expect(try spec.normalise([one("features.0.0.weight")], file: "x").convention == .pytorch)
  }

  @Test func rwightmanNames() throws {
    let given = [
      "conv_stem.weight", "bn1.weight", "blocks.0.0.conv_pw.weight", "blocks.0.0.bn2.bias", "blocks.1.0.conv_pw.weight",
      "blocks.1.1.conv_dw.weight", "blocks.1.1.se.conv_reduce.weight", "blocks.6.0.conv_pwl.weight", "blocks.6.0.bn3.bias",
      "conv_head.weight", "bn2.bias", "classifier.weight",
    ]
    #expect(
      try names("efficientnet-b0", given.map { one($0) }) == [
        "features.0.0.weight", "features.0.1.weight", "features.1.0.block.2.0.weight", "features.1.0.block.2.1.bias",
        "features.2.0.block.0.0.weight", "features.2.1.block.1.0.weight", "features.2.1.block.2.fc1.weight",
        "features.7.0.block.3.0.weight", "features.7.0.block.3.1.bias", "features.8.0.weight", "features.8.1.bias",
      ])
    let spec = try ImageEncoderRegistry.named("efficientnet-b0")
    #expect(try spec.normalise([one("conv_stem.weight")], file: "a/tf_efficientnet_b0.pth").convention == .tensorflow)
    #expect(try spec.normalise([one("conv_stem.weight")], file: "tf_a/efficientnet_b0.pth").convention == .pytorch)
  }

  @Test func kerasEfficientNet() throws {
    let given = [
      one("stem_conv/stem_conv/kernel:0", [3, 3, 3, 32]), one("block1a_dwconv/block1a_dwconv/depthwise_kernel:0", [3, 5, 4, 1]),
      one("block2b_se_expand/block2b_se_expand/bias:0"), one("block7d_project_bn/block7d_project_bn/moving_variance:0"),
      one("top_bn/top_bn/gamma:0"), one("normalization/mean:0"), one("predictions/predictions/kernel:0"),
    ]
    let tensors = try ImageEncoderRegistry.named("efficientnet-b7").normalise(given, file: "x").tensors
    #expect(
      tensors.map(\.name) == [
        "features.0.0.weight", "features.1.0.block.0.0.weight", "features.2.1.block.2.fc2.bias",
        "features.7.3.block.3.1.running_var", "features.8.1.weight",
      ])
    #expect(tensors[0].shape == [32, 3, 3, 3])
    #expect(tensors[1].shape == [4, 1, 3, 5])
    // depthwise_kernel[h, w, c, 0] = (h·5 + w)·4 + c → weight[c, 0, h, w].
    #expect(try tensors[1].floats()[(2 * 3 + 1) * 5 + 3] == Float((1 * 5 + 3) * 4 + 2))
  }

  @Test func kerasResNetMovesBiasesAndChannels() throws {
    func values(_ name: String, _ values: [Float], _ shape: [Int]? = nil) -> RawTensor {
      RawTensor(name: name, shape: shape ?? [values.count], floats: values)
    }
    let given = [
      values("conv1_conv/conv1_conv/kernel:0", [1, 2, 3], [1, 1, 3, 1]), values("conv1_conv/conv1_conv/bias:0", [5]),
      values("conv1_bn/conv1_bn/moving_mean:0", [7]), values("conv1_bn/conv1_bn/beta:0", [9]),
      values("conv3_block1_0_conv/conv3_block1_0_conv/bias:0", [2]),
      values("conv3_block1_0_bn/conv3_block1_0_bn/moving_mean:0", [3]),
      values("conv5_block3_3_bn/conv5_block3_3_bn/moving_variance:0", [4]),
    ]
    let weights = try ImageEncoderRegistry.named("resnet152").normalise(given, file: "x")
    #expect(weights.convention == .tensorflow)
    #expect(
      weights.tensors.map(\.name) == [
        "conv1.weight", "bn1.running_mean", "bn1.bias", "layer2.0.downsample.1.running_mean", "layer4.2.bn3.running_var",
      ])
    let rgb = try weights.tensors[0].floats()
    #expect(zip(rgb, [3 * 255 * 0.229, 2 * 255 * 0.224, 1 * 255 * 0.225]).allSatisfy { abs($0 - Float($1)) < 1e-3 })
    #expect(try weights.tensors[1].floats() == [2])
    #expect(try weights.tensors[3].floats() == [1])
  }

  @Test func kerasInceptionCountsInOrder() throws {
    let given = [
      one("conv2d_1/kernel:0", [3, 3, 3, 32]), one("batch_normalization_1/beta:0", [32]), one("conv2d_6/kernel:0", [1, 1, 192, 64]),
      one("conv2d_94/kernel:0", [1, 1, 2048, 192]), one("conv2d_95/kernel:0", [1, 1, 2, 2]),
    ]
    let tensors = try ImageEncoderRegistry.named("inception-v3").normalise(given, file: "x").tensors
    #expect(
      tensors.map(\.name) == [
        "Conv2d_1a_3x3.conv.weight", "Conv2d_1a_3x3.bn.bias", "Mixed_5b.branch1x1.conv.weight",
        "Mixed_7c.branch_pool.conv.weight", "conv2d_95/kernel:0", "Conv2d_1a_3x3.bn.weight",
      ])
    #expect(try tensors[5].floats() == [Float](repeating: 1, count: 32))
  }

  @Test func bertNames() {
    #expect(BertNames.normalised("bert.embeddings.LayerNorm.gamma") == "embeddings.LayerNorm.weight")
    #expect(BertNames.normalised("encoder.layer.3.output.LayerNorm.beta") == "encoder.layer.3.output.LayerNorm.bias")
    #expect(BertNames.normalised("encoder.layer.3.output.dense.bias") == "encoder.layer.3.output.dense.bias")
  }
}
