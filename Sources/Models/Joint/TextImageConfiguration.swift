import Basics

/// Sizes of a ``TextImageNetwork``.
public struct TextImageConfiguration: Sendable, Hashable {
  /// Kernel size of each module's convolution.
  public var kernels: [Int]
  /// Kernels (output channels) of each module's convolution.
  public var widths: [Int]
  public var dropout: Double
  public var outputDimension: Int
  public var normalizeInputs: Bool

  public init(
    kernels: [Int], widths: [Int], dropout: Double = 0.3, outputDimension: Int = 256,
    normalizeInputs: Bool = false
  ) {
    self.kernels = kernels
    self.widths = widths
    self.dropout = dropout
    self.outputDimension = outputDimension
    self.normalizeInputs = normalizeInputs
  }

  /// hong2022, table 6.
  public static let thesis = TextImageConfiguration(
    kernels: [32, 64, 128, 64, 16], widths: [128, 256, 512, 1024, 2048])
  /// The same five modules with a quarter of the kernel sizes and few channels: trains in seconds on two
  /// cores.
  public static let small = TextImageConfiguration(kernels: [8, 16, 32, 16, 4], widths: [8, 8, 16, 16, 32])

  static let presets = ["thesis": thesis, "small": small]

  static let parameters = [
    ParameterSpec(
      "preset", default: .string("thesis"), "sizes: those of table 6, or narrow",
      choices: ["thesis", "small"]),
    ParameterSpec(
      "kernels", default: .string(""), "kernel sizes as a comma-separated list; empty = the preset's"),
    ParameterSpec("widths", default: .string(""), "channels as a comma-separated list; empty = the preset's"),
    ParameterSpec("dropout", default: .double(0.3), "share of activations dropped after every pool"),
    ParameterSpec("outputDimension", default: .int(256), "length of an embedding"),
    JointInput.parameter,
  ]

  /// - Throws: ``IeumError`` (usage) for lists that are no positive integers or differ in length.
  init(_ parameters: Parameters) throws {
    self = Self.presets[parameters.string("preset")] ?? .thesis
    kernels = try Self.list(parameters.string("kernels"), "kernels") ?? kernels
    widths = try Self.list(parameters.string("widths"), "widths") ?? widths
    dropout = parameters.double("dropout")
    outputDimension = parameters.int("outputDimension")
    normalizeInputs = parameters.bool("normalizeInputs")
    try check()
  }

  func check() throws {
    let sizes = kernels + widths + [outputDimension]
    guard kernels.count == widths.count, !kernels.isEmpty, sizes.allSatisfy({ $0 > 0 }) else {
      throw IeumError(
        .usage, "kernels \(kernels), widths \(widths) and output \(outputDimension) make no network",
        place: "model 'text-image'", remedy: "give equally many kernels and widths, all greater than 0")
    }
    guard (0..<1).contains(dropout) else {
      throw IeumError(
        .usage, "dropout cannot be \(dropout)", place: "model 'text-image'", remedy: "give a share in 0..<1")
    }
  }

  /// Length of the sequence after all pools.
  func pooledLength(_ inputLength: Int) -> Int { kernels.reduce(inputLength) { length, _ in length / 2 } }

  /// The sizes of one convolution.
  public struct Convolution: Sendable, Hashable {
    public let inputs, outputs, length, kernel: Int
  }

  /// The convolutions over so many features, first to last.
  public func convolutions(features: Int) -> [Convolution] {
    widths.indices.map { index in
      Convolution(
        inputs: index == 0 ? 1 : widths[index - 1], outputs: widths[index], length: features >> index,
        kernel: kernels[index])
    }
  }

  private static func list(_ text: String, _ name: String) throws -> [Int]? {
    guard !text.isEmpty else { return nil }
    let parts = text.split(separator: ",").map { Int($0.filter { $0 != " " }) }
    let numbers = parts.compactMap { $0 }
    guard numbers.count == parts.count, !numbers.isEmpty else {
      throw IeumError(
        .usage, "parameter '\(name)' cannot be '\(text)'", place: "model 'text-image'",
        remedy: "give integers such as 32,64,128")
    }
    return numbers
  }
}
