import Basics
import Tensors

/// A frozen convolutional network compiled for the CPU. Images are divided into micro-batches, of which every thread
/// computes its own; what is left is computed image by image, a few last ones by all threads together.
///
/// An image's features come out the same whichever others it is encoded with, to rounding; they are the same bits
/// for the same division into micro-batches.
final class CompiledNetwork {
  let precision: InferencePrecision
  private let trunk: TracedMap
  private var plans: [Division: InferencePlan] = [:]

  /// - Throws: ``IeumError`` (system) naming the layer that has no fast implementation on this CPU.
  init(_ network: some ConvolutionalNetwork, side: Int, precision: InferencePrecision) throws {
    self.precision = precision
    trunk = try TracedMap.trunk(of: network, side: side)
    _ = try steps()
  }

  /// What the plan of a full micro-batch consists of, a line per step.
  func steps() throws -> [String] {
    try compiled(Division(batch: trunk.graph.naturalBatch, streams: 1, threads: 1)).steps
  }

  /// Starts or stops timing the steps of all plans made so far.
  func profile(_ on: Bool) throws -> [Stage] {
    plans.sorted { ($0.key.batch, $0.key.streams) > ($1.key.batch, $1.key.streams) }
      .flatMap { $0.value.profile(on) }.filter { $0.seconds > 0 }
  }

  /// - Parameter pixels: `[count, 3, S, S]`.
  /// - Returns: `[count, D]`.
  func encode(_ pixels: [Float], count: Int) throws -> [Float] {
    let dimension = trunk.value.shape[0]
    let size = trunk.graph.input.shape.reduce(1, *)
    var features = [Float](repeating: 0, count: count * dimension)
    let divisions = Division.of(count, atMost: trunk.graph.naturalBatch, threads: TensorRuntime.threads)
    // Each plan keeps the activations of all its streams.
    if plans.count > 3 { plans = plans.filter { known in divisions.contains { $0.division == known.key } } }
    try pixels.withUnsafeBufferPointer { pixels in
      try features.withUnsafeMutableBufferPointer { features in
        var done = 0
        for (division, images) in divisions {
          let next = done + images
          try plan(division).run(
            .init(rebasing: pixels[done * size..<next * size]),
            into: .init(rebasing: features[done * dimension..<next * dimension]))
          done = next
        }
      }
    }
    return features
  }

  private func plan(_ division: Division) throws -> InferencePlan {
    if let known = plans[division] { return known }
    let plan = try compiled(division)
    plans[division] = plan
    return plan
  }

  private func compiled(_ division: Division) throws -> InferencePlan {
    try trunk.graph.compile(
      trunk.value, batch: division.batch, precision: precision, streams: division.streams,
      threads: division.threads / division.streams)
  }
}

/// Batches of so many images, so many side by side, on so many threads in all.
struct Division: Hashable {
  var batch, streams, threads: Int

  /// How `count` images are divided: into equally many micro-batches for each thread, single images for as many threads,
  /// and such as all threads compute together; each with the images that are computed so, where there are any. The
  /// last single images go side by side too where they keep more than half of the threads busy.
  static func of(_ count: Int, atMost natural: Int, threads: Int) -> [(division: Division, images: Int)] {
    let rounds = (count + natural * threads - 1) / (natural * threads)
    let batch = rounds == 0 ? 0 : count / (rounds * threads)
    let batched = batch > 1 ? batch * rounds * threads : 0
    let left = count - batched
    let single = 2 * (left % threads) > threads ? left : left / threads * threads
    return [
      (Division(batch: batch, streams: threads, threads: threads), batched),
      (Division(batch: 1, streams: threads, threads: threads), single),
      (Division(batch: 1, streams: 1, threads: threads), left - single),
    ].filter { $0.images > 0 }
  }
}
