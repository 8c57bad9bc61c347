import Basics
import Models
import Tensors
import Testing

@Suite struct JointNetworkTests {
  static func rows(_ count: Int, _ width: Int, seed: UInt64) throws -> Tensor {
    var generator = SeededGenerator(seed: seed)
    return try Tensor((0..<count * width).map { _ in Float(normal(&generator)) }, shape: [count, width])
  }

  static func model(_ name: String, _ settings: [String: Scalar], text: Int, image: Int) throws -> any JointModel {
    var generator = SeededGenerator(seed: 11)
    return try JointModelRegistry.named(name).make(
      settings, inputs: .init(text: text, image: image), generator: &generator)
  }

  /// Narrow enough for tests; odd and even kernels.
  static let narrow: [String: Scalar] = ["kernels": .string("4,3,5"), "widths": .string("3,4,5")]

  @Test func tableSixIsTheDefault() throws {
    let configuration = TextImageConfiguration.thesis
    #expect(configuration.kernels == [32, 64, 128, 64, 16])
    #expect(configuration.widths == [128, 256, 512, 1024, 2048])
    #expect(configuration.dropout == 0.3 && configuration.outputDimension == 256)
  }

  /// Weights and biases of table 6 by hand: 4,224 + 2,097,408 + 16,777,728 + 33,555,456 + 33,556,480 in the
  /// convolutions; 200 + 20 features are pooled to 220 → 110 → 55 → 27 → 13 → 6, so 6·2048·256 + 256 at the end.
  @Test func tableSixHasItsParameters() throws {
    let model = try Self.model("text-image", [:], text: 200, image: 20)
    let count = model.namedParameters().reduce(0) { $0 + $1.1.count }
    #expect(count == 4_224 + 2_097_408 + 16_777_728 + 33_555_456 + 33_556_480 + 6 * 2048 * 256 + 256)
  }

  @Test(arguments: ["text-image", "projection", "untrained"]) func embeddingsAreUnitRows(_ name: String) throws {
    let model = try Self.model(name, name == "text-image" ? Self.narrow : [:], text: 10, image: 23)
    model.train(false)
    var generator = SeededGenerator(seed: 1)
    let out = try model.embed(text: Self.rows(7, 10, seed: 1), image: Self.rows(7, 23, seed: 2), generator: &generator)
    #expect(out.shape == [7, 256])
    let values = try out.floats()
    for row in 0..<7 {
      let length = values[row * 256..<(row + 1) * 256].reduce(0) { $0 + $1 * $1 }
      #expect(abs(length - 1) < 1e-5)
    }
  }

  @Test func aRowDoesNotDependOnItsBatch() throws {
    let model = try Self.model("text-image", Self.narrow, text: 10, image: 23)
    model.train(false)
    let (text, image) = (try Self.rows(5, 10, seed: 3), try Self.rows(5, 23, seed: 4))
    var generator = SeededGenerator(seed: 1)
    let all = try model.embed(text: text, image: image, generator: &generator).floats()
    let one = try model.embed(
      text: text.narrow(dim: 0, start: 3, length: 1), image: image.narrow(dim: 0, start: 3, length: 1), generator: &generator).floats()
    #expect(zip(all[3 * 256..<4 * 256], one).allSatisfy { abs($0 - $1) < 1e-6 })
  }

  /// The first convolution by hand: an even kernel is padded by (k − 1)/2 on the left and k/2 on the right.
  @Test func evenKernelsArePaddedOnTheRight() throws {
    let settings: [String: Scalar] = [
      "kernels": .string("4"), "widths": .string("1"), "outputDimension": .int(2), "dropout": .double(0),
    ]
    let model = try Self.model("text-image", settings, text: 2, image: 2)
    var tensors: [String: [Float]] = [:]
    for (name, tensor) in model.namedParameters() { tensors[name] = try tensor.floats() }
    let x: [Float] = [1, 2, -1, 3]
    let kernel = try #require(tensors["conv1.weight"])
    let bias = try #require(tensors["conv1.bias"])[0]
    let convolved = x.indices.map { i in
      max(0, (0..<4).reduce(bias) { $0 + (x.indices.contains(i + $1 - 1) ? x[i + $1 - 1] * kernel[$1] : 0) })
    }
    let pooled = [max(convolved[0], convolved[1]), max(convolved[2], convolved[3])]
    let (weight, offset) = (try #require(tensors["output.weight"]), try #require(tensors["output.bias"]))
    let out = (0..<2).map { offset[$0] + weight[2 * $0] * pooled[0] + weight[2 * $0 + 1] * pooled[1] }
    let length = (out[0] * out[0] + out[1] * out[1]).squareRoot()
    var generator = SeededGenerator(seed: 1)
    let ours = try model.embed(
      text: Tensor([1, 2] as [Float], shape: [1, 2]), image: Tensor([-1, 3] as [Float], shape: [1, 2]),
      generator: &generator).floats()
    #expect(zip(ours, out).allSatisfy { abs($0 - $1 / length) < 1e-5 })
  }

  @Test func dropoutActsInTrainingOnly() throws {
    let model = try Self.model("text-image", Self.narrow, text: 10, image: 23)
    let (text, image) = (try Self.rows(4, 10, seed: 5), try Self.rows(4, 23, seed: 6))
    func embed(_ seed: UInt64) throws -> [Float] {
      var generator = SeededGenerator(seed: seed)
      return try model.embed(text: text, image: image, generator: &generator).floats()
    }
    model.train(true)
    #expect(try embed(1) == embed(1))
    #expect(try embed(1) != embed(2))
    model.train(false)
    #expect(try embed(1) == embed(2))
  }

  @Test func normalisedInputsForgetTheScaleOfAModality() throws {
    let settings = Self.narrow.merging(["normalizeInputs": .bool(true)]) { $1 }
    let model = try Self.model("text-image", settings, text: 10, image: 23)
    model.train(false)
    let (text, image) = (try Self.rows(3, 10, seed: 7), try Self.rows(3, 23, seed: 8))
    var generator = SeededGenerator(seed: 1)
    let a = try model.embed(text: text, image: image, generator: &generator).floats()
    let b = try model.embed(text: text * 8, image: image, generator: &generator).floats()
    #expect(zip(a, b).allSatisfy { abs($0 - $1) < 1e-6 })
  }

  @Test func bfloat16StaysClose() throws {
    let model = try Self.model("text-image", Self.narrow, text: 10, image: 23)
    model.train(false)
    let (text, image) = (try Self.rows(3, 10, seed: 9), try Self.rows(3, 23, seed: 10))
    var generator = SeededGenerator(seed: 1)
    let full = try model.embed(text: text, image: image, generator: &generator).floats()
    model.computeType = .bfloat16
    let half = try model.embed(text: text, image: image, generator: &generator)
    #expect(half.dtype == .float32)
    let values = try half.floats()
    #expect(values != full)
    #expect(zip(values, full).allSatisfy { abs($0 - $1) < 0.02 })
  }

  @Test func refusesWhatMakesNoNetwork() throws {
    let bad: [[String: Scalar]] = [
      ["widths": .string("3,4")], ["kernels": .string("3,x,5")], ["kernels": .string("4,0,5")],
      ["dropout": .double(1)], ["preset": .string("tiny")], ["widhts": .string("1")],
    ]
    for settings in bad {
      let merged = settings.keys.contains("preset") ? settings : Self.narrow.merging(settings) { $1 }
      #expect(throws: IeumError.self) { try Self.model("text-image", merged, text: 10, image: 23) }
    }
    #expect(throws: IeumError.self) { try Self.model("text-image", [:], text: 10, image: 20) }
    let model = try Self.model("projection", [:], text: 10, image: 23)
    var generator = SeededGenerator(seed: 1)
    #expect(throws: IeumError.self) {
      try model.embed(text: Self.rows(3, 11, seed: 1), image: Self.rows(3, 23, seed: 1), generator: &generator)
    }
  }
}
