import Basics
import Datasets
import Models
import Tensors

/// Short measurements of work that never ran on this machine, in processor time over threads: what other programs do at the
/// moment does not last.
enum Probe {
  /// Seconds of `body` per unit, the faster of two; the second is left out where the first took long.
  static func seconds(per units: Int, _ body: () throws -> Void) rethrows -> Double {
    var best = Double.infinity
    for _ in 0..<2 {
      let start = Sample.processorTime()
      try body()
      best = min(best, (Sample.processorTime() - start) / Double(TensorRuntime.threads))
      if best > 3 { break }
    }
    return best / Double(max(1, units))
  }

  /// Seconds per picture, decoded on all cores beside the encoder.
  static func pictures(
    _ spec: ImageEncoderSpec, precision: InferencePrecision, paths: [String]
  ) throws -> Double {
    let images = 8
    let bench = try EncoderBench(spec.name, precision: precision, images: images, compiled: true)
    let encoding = 1 / (try bench.sample(seconds: 0.3).perProcessorSecond * Double(TensorRuntime.threads))
    let sample = stride(from: 0, to: paths.count, by: max(1, paths.count / images)).map { paths[$0] }
    let decoding = seconds(per: sample.count) {
      _ = Parallel.map(sample) { path in
        try? ImagePreprocessor.apply(ImageDecoder.decode(path), spec.preprocessing).count
      }
    }
    return encoding + decoding
  }

  /// Seconds per item of one training step, on random features.
  /// - Parameters:
  ///   - text: the text network that learns too, with its inputs; nil for stored features of `inputs.text` values.
  static func training(
    _ model: CellConfig.ModelChoice, inputs: JointModelSpec.Inputs, text: TrainedSide?, settings: TrainerConfiguration
  ) throws -> Double {
    var generator = SeededGenerator(seed: 1)
    let spec = try JointModelRegistry.named(model.name)
    let network = try spec.make(model.parameters, inputs: inputs, generator: &generator)
    let convolutions = (network as? TextImageNetwork)?.configuration.convolutions(features: inputs.text + inputs.image)
    var settings = settings
    let wanted = settings.batchSize
    // A wide network's step of a whole batch takes minutes: a small one is measured and scaled by the cost model.
    let isWide = convolutions.map { expected($0, batch: wanted) > 2 } ?? false
    if isWide { settings.batchSize = min(wanted, 16) }
    let batch = settings.batchSize
    let rows = text.map { side in Array(side.rows.values.prefix(batch)) } ?? []
    guard text == nil || !rows.isEmpty else { throw IeumError(.data, "there are no texts to probe with") }
    let texts = try text.map { side in
      try Tensor((0..<batch).flatMap { row in rows[row % rows.count].map { Int64($0) } }, shape: [batch, side.width])
    } ?? Tensor.normal([batch, inputs.text], generator: &generator)
    let train = try JointSplit(
      text: texts, image: .normal([batch, inputs.image], generator: &generator),
      relevant: (0..<batch).map { [min($0 ^ 1, batch - 1)] }, name: "probe")
    settings.groupSize = 2
    let step = try RepeatedEpoch.of(
      network, text: try text?.make(&generator), train: train, settings: settings)
    let seconds = try seconds(per: batch, step)
    guard isWide, let convolutions else { return seconds }
    return seconds * expected(convolutions, batch: wanted) / Double(wanted)
      / (expected(convolutions, batch: batch) / Double(batch))
  }

  /// What the convolutions' cost model expects of a forward pass.
  private static func expected(_ layers: [TextImageConfiguration.Convolution], batch: Int) -> Double {
    layers.reduce(0) { sum, layer in
      let (direct, fourier) = Conv1dEngine.expectedSeconds(
        batch: batch, inputs: layer.inputs, outputs: layer.outputs, length: layer.length, kernel: layer.kernel)
      return sum + min(direct, fourier)
    }
  }
}
