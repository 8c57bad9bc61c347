import Basics
import Models
import Tensors
import Testing
import Weights

/// Features under formula weights against torchvision's (Lite0: plain torch operations).
struct EncodersImageTests {
  struct Reference: Decodable, Sendable {
    let name: String
    let side: Int
    let dimension: Int
    let rows: [[Double]]
    let norms: [Double]
  }

  @Test(arguments: ["resnet18", "resnet50", "inception-v3", "efficientnet-b0", "efficientnet-b5", "efficientnet-lite0"])
  func featuresAgreeWithReference(name: String) throws {
    let reference = try #require(
      EncoderFormula.golden("encoders-images", as: [Reference].self).first { $0.name == name })
    let spec = try ImageEncoderRegistry.named(name)
    let network = try loaded(spec)
    let features = try noGrad { try network.features(EncoderFormula.pixels(reference.side).channelsLast()) }
    #expect(features.shape == [2, reference.dimension])
    #expect(spec.dimension == reference.dimension)
    let values = try features.doubles()
    let step = max(1, reference.dimension / 24)
    for row in 0..<2 {
      let own = Array(values[row * reference.dimension..<(row + 1) * reference.dimension])
      let norm = own.reduce(0) { $0 + $1 * $1 }.squareRoot()
      #expect(abs(norm - reference.norms[row]) < 1e-4 * norm)
      let scale = norm / Double(reference.dimension).squareRoot()
      for (i, expected) in reference.rows[row].enumerated() {
        #expect(abs(own[i * step] - expected) < 1e-3 * max(abs(expected), scale), "row \(row), place \(i)")
      }
    }
  }

  /// Formula weights; for Lite0 by the names of its published file, which the naming rules have to translate.
  private func loaded(_ spec: ImageEncoderSpec) throws -> any ImageNetwork {
    var generator = SeededGenerator(seed: 1)
    let template = try spec.make(&generator)
    var tensors: [RawTensor] = []
    if spec.name == "efficientnet-lite0" {
      for (published, shape) in try lite0Names() { tensors.append(EncoderFormula.tensor(published, shape)) }
      tensors.append(EncoderFormula.tensor("_fc.weight", [1000, 1280]))
    } else {
      tensors = EncoderFormula.state(of: template)
      tensors.append(EncoderFormula.tensor(spec.name.hasPrefix("eff") ? "classifier.1.bias" : "fc.bias", [1000]))
    }
    tensors.append(RawTensor(name: "bn1.num_batches_tracked", shape: [], integers: [3]))
    return try spec.make(spec.normalise(tensors, file: "formula"), file: "formula")
  }

  /// Names and shapes of the published EfficientNet-Lite0 weights.
  private func lite0Names() throws -> [(String, [Int])] {
    var result: [(String, [Int])] = []
    func norm(_ name: String, _ channels: Int) {
      for part in ["weight", "bias", "running_mean", "running_var"] { result.append(("\(name).\(part)", [channels])) }
    }
    result.append(("_conv_stem.weight", [32, 3, 3, 3]))
    norm("_bn0", 32)
    let stages = [
      (1, 3, 16, 1), (6, 3, 24, 2), (6, 5, 40, 2), (6, 3, 80, 3), (6, 5, 112, 3), (6, 5, 192, 4), (6, 3, 320, 1),
    ]
    var (index, input) = (0, 32)
    for (expand, kernel, output, repeats) in stages {
      for _ in 0..<repeats {
        let (block, hidden) = ("_blocks.\(index)", input * expand)
        if expand > 1 {
          result.append(("\(block)._expand_conv.weight", [hidden, input, 1, 1]))
          norm("\(block)._bn0", hidden)
        }
        result.append(("\(block)._depthwise_conv.weight", [hidden, 1, kernel, kernel]))
        norm("\(block)._bn1", hidden)
        result.append(("\(block)._project_conv.weight", [output, hidden, 1, 1]))
        norm("\(block)._bn2", output)
        (index, input) = (index + 1, output)
      }
    }
    result.append(("_conv_head.weight", [1280, 320, 1, 1]))
    norm("_bn1", 1280)
    return result
  }

  @Test func registryNamesAreUniqueAndSlipsGetASuggestion() throws {
    let names = ImageEncoderRegistry.all.map(\.name)
    #expect(Set(names).count == names.count)
    #expect(names.count == 5 + 1 + 8 + 5 + 3)
    #expect(message { _ = try ImageEncoderRegistry.named("resnet5O") }.contains("did you mean 'resnet50'?"))
    let b = (0...7).map { "efficientnet-b\($0)" }
    #expect(try b.map { try ImageEncoderRegistry.named($0).dimension } == [1280, 1280, 1408, 1536, 1792, 2048, 2304, 2560])
  }

  @Test func faultyFilesAreRefusedWithNames() throws {
    let folder = try ScratchFolder()
    let spec = try ImageEncoderRegistry.named("resnet18")
    var generator = SeededGenerator(seed: 1)
    var tensors = EncoderFormula.state(of: try spec.make(&generator))
    tensors.removeAll { $0.name == "layer2.0.bn1.running_var" }
    tensors = tensors.map { $0.name == "conv1.weight" ? EncoderFormula.tensor("conv1.weight", [64, 3, 3, 3]) : $0 }
    tensors.append(EncoderFormula.tensor("head.weight", [4]))
    let path = folder.file("faulty.safetensors")
    try Safetensors.write(tensors, metadata: [:], to: path)
    let text = message { _ = try ImageEncoder.load(spec, weights: path) }
    for name in ["layer2.0.bn1.running_var", "conv1.weight", "head.weight", path] { #expect(text.contains(name)) }
  }

  @Test func randomEncoderIsSeededFiniteAndIndependentOfBatches() throws {
    let spec = try ImageEncoderRegistry.named("efficientnet-lite0")
    let side = spec.preprocessing.crop
    let pixels = EncoderFormula.hashed("images", 3 * 3 * side * side).map { Float($0) }
    let encoder = try ImageEncoder.load(spec, seed: 7)
    encoder.batchSize = 2
    let features = try encoder.encode(pixels: pixels, count: 3)
    #expect(features.count == 3 * 1280)
    #expect(features.contains { $0 > 1e-4 })
    #expect((features.map { abs($0) }.max() ?? .infinity) < 1e3)
    let again = try ImageEncoder.load(spec, seed: 7)
    #expect(again.digest == encoder.digest)
    let alone = try again.encode(pixels: Array(pixels.suffix(3 * side * side)), count: 1)
    #expect(zip(alone, features.suffix(1280)).allSatisfy { abs($0 - $1) <= 1e-4 * max(1e-3, abs($1)) })
    #expect(try ImageEncoder.load(spec, seed: 8).digest != encoder.digest)
    var broken = Array(pixels.prefix(3 * side * side))
    broken[100] = .nan
    #expect(message { _ = try encoder.encode(pixels: broken, count: 1) }.contains("image 0"))
    #expect(message { _ = try encoder.encode(pixels: broken, count: 2) }.contains("not 2 images"))
  }
}
