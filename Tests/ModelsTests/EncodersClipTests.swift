import Basics
import Foundation
import Models
import Tensors
import Testing
import Weights

/// CLIP's towers against transformers and torchvision, in every form in which weights are published
/// (scripts/golden/clip.py).
@Suite struct EncodersClipTests {
  struct Reference: Decodable {
    struct Clip: Decodable {
      let images: [[Double]]
      let texts: [[Double]]
    }
    let ids: [[Int]]
    let clip: Clip
    let torchvision: [[Double]]
    let distilbert: [[Double]]
    let xlmr: [[Double]]
    enum CodingKeys: String, CodingKey {
      case ids, clip, torchvision, distilbert
      case xlmr = "xlm-r"
    }
  }

  static func path(_ name: String) -> String { Bundle.module.bundlePath + "/Golden/clip/" + name }

  static func reference() throws -> Reference {
    try JSONDecoder().decode(Reference.self, from: Data(contentsOf: URL(fileURLWithPath: path("expected.json"))))
  }

  static func pixels(side: Int = 24) -> [Float] {
    (0..<2 * 3 * side * side).map { Float(sin(Double($0) * 0.37) * 1.5) }
  }

  /// Every value to 1e-5 of the largest.
  private func expectClose(
    _ flat: [Float], _ rows: [[Double]], sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let wanted = rows.flatMap { $0 }
    let scale = wanted.map(abs).max() ?? 1
    #expect(flat.count == wanted.count, sourceLocation: sourceLocation)
    let worst = zip(flat, wanted).map { abs(Double($0) - $1) }.max() ?? .infinity
    #expect(worst < 1e-5 * scale, "off by \(worst) of \(scale)", sourceLocation: sourceLocation)
  }

  @Test(arguments: ["huggingface.safetensors", "openai.pt"])
  func imageTowerAgreesWithTransformers(file: String) throws {
    let encoder = try ImageEncoder.load(ImageEncoderRegistry.named("vit-b-32"), weights: Self.path(file))
    #expect(encoder.dimension == 20)
    #expect(encoder.preprocessing.crop == 24 && encoder.preprocessing.interpolation == .bicubic)
    #expect(encoder.preprocessing.mean == ImagePreprocessing.clipMean)
    expectClose(try encoder.encode(pixels: Self.pixels(), count: 2), try Self.reference().clip.images)
  }

  @Test(arguments: ["huggingface.safetensors", "openai.pt"])
  func textTowerAgreesWithTransformers(file: String) throws {
    let reference = try Self.reference()
    let encoder = try ClipTextEncoder.load(weights: Self.path(file))
    #expect(encoder.maxTokens == 12 && encoder.dimension == 20)
    expectClose(try encoder.encode(ids: reference.ids), reference.clip.texts)
    // A row alone gives what it gives in company.
    let alone = try encoder.encode(ids: [reference.ids[0]])
    expectClose(alone, [reference.clip.texts[0]])
  }

  @Test func torchvisionNamesMeanTorchvisionsNetwork() throws {
    let encoder = try ImageEncoder.load(
      ImageEncoderRegistry.named("vit-b-32"), weights: Self.path("torchvision.safetensors"))
    #expect(encoder.dimension == 32)
    #expect(encoder.preprocessing.mean == ImagePreprocessing.imageNetMean)
    expectClose(try encoder.encode(pixels: Self.pixels(), count: 2), try Self.reference().torchvision)
  }

  @Test func multilingualSidesAgreeWithTransformers() throws {
    let reference = try Self.reference()
    let distilled = try MultilingualClipEncoder(
      weights: Self.path("distilbert/model.safetensors"), config: Self.path("distilbert/config.json"))
    expectClose(try distilled.encode(ids: reference.ids), reference.distilbert)
    let roberta = try MultilingualClipEncoder(
      weights: Self.path("xlm-r/pytorch_model.bin"), config: Self.path("xlm-r/config.json"))
    #expect(roberta.maxTokens == 16)
    expectClose(try roberta.encode(ids: reference.ids), reference.xlmr)
  }

  /// Checkpoints of CLIP4Clip prefix the towers and add heads; one foreign tensor or a missing one is an error.
  @Test func readsCheckpointsStrictly() throws {
    let folder = try ScratchFolder()
    let tensors = try WeightFile.read(Self.path("openai.pt")).tensors
    let config = Self.path("config.json")
    func message(_ tensors: [RawTensor]) throws -> String {
      let path = folder.file("weights.safetensors")
      try Safetensors.write(tensors, metadata: [:], to: path)
      do {
        let text = try ClipTextEncoder.load(weights: path, config: config)
        let image = try ImageEncoder.load(ImageEncoderRegistry.named("vit-b-32"), weights: path, config: config)
        return "\(text.dimension) \(image.dimension)"
      } catch { return "\(error)" }
    }
    let checkpoint =
      tensors.map { $0.renamed("clip." + $0.name) } + [
        RawTensor(name: "frame_position_embeddings.weight", shape: [1, 2], floats: [0, 0]),
        RawTensor(name: "transformerClip.resblocks.0.ln_1.weight", shape: [1], floats: [0]),
      ]
    #expect(try message(checkpoint) == "20 20")
    let extra = RawTensor(name: "adapter.weight", shape: [1], floats: [0])
    #expect(try message(tensors + [extra]).contains("'adapter.weight' is not part of the network"))
    #expect(try message(tensors.filter { $0.name != "ln_final.bias" }).contains("'ln_final.bias' is missing"))
    #expect(try message(tensors.filter { !$0.name.hasPrefix("visual.") }).contains("holds no image tower of CLIP"))
    let wrong = tensors.map { tensor in
      tensor.name == "visual.ln_pre.weight" ? RawTensor(name: tensor.name, shape: [1], floats: [0]) : tensor
    }
    #expect(try message(wrong).contains("'ln_pre.weight' is [1], not [32]"))
  }

  @Test func configsThatDoNotFitAreRefused() throws {
    let spec = try ImageEncoderRegistry.named("vit-b-32")
    let config = Self.path("config.json")
    #expect(try ImageEncoder.load(spec, config: config, seed: 3).dimension == 20)
    #expect(message { _ = try ImageEncoder.load(spec, config: Self.path("distilbert/config.json")) }
      .contains("holds no 'vision_config' of CLIP"))
    #expect(message { _ = try ImageEncoder.load(ImageEncoderRegistry.named("resnet18"), config: config) }
      .contains("takes no config"))
  }

  @Test func publishedSizesAddUp() throws {
    var generator = SeededGenerator(seed: 1)
    let text = try ClipTextNetwork(ClipTextConfig(), generator: &generator)
    #expect(text.parameterCount == 63_428_097 - 1)  // the sheet counts the logit scale with the text side
    let image = try VisionTransformer(VisionTransformerConfig(), generator: &generator)
    #expect(image.parameterCount == 87_849_216)
  }
}
