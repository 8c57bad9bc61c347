import Basics
import Datasets
import Foundation
import Models
import Tensors
import Weights

/// An image encoder that learns with the joint model: a batch's images are decoded in the background before its turn.
struct TrainedImages {
  let spec: ImageEncoderSpec
  let weights: String?
  let seed: Int
  let dataset: Dataset

  /// - Throws: ``IeumError`` (data) when no item has an image that can be decoded.
  func side(_ progress: Progress) throws -> TrainedSide {
    let readable = try readableImages(progress)
    let numbers = Dictionary(uniqueKeysWithValues: readable.enumerated().map { ($1.id, [$0]) })
    let paths = readable.map(\.paths)
    let (spec, weights, seed) = (spec, weights, seed)
    // Some networks take their sizes from the weights.
    let first = try Self.network(spec, weights: weights, seed: seed)
    let preprocessing = first.preprocessing ?? spec.preprocessing
    return TrainedSide(dimension: first.dimension ?? spec.dimension, rows: numbers, width: 1) { _ in
      let network = try Self.network(spec, weights: weights, seed: seed)
      return TrainableEncoder(
        module: network, prepare: { try Self.pixels(of: $0.int64s().map { paths[Int($0)] }, preprocessing) },
        features: { try Self.means($0, network: network) })
    }
  }

  private static func network(_ spec: ImageEncoderSpec, weights: String?, seed: Int) throws -> any ImageNetwork {
    guard let weights else {
      var generator = SeededGenerator(seed: UInt64(seed), purpose: "encoder/\(spec.name)")
      return try spec.make(&generator)
    }
    let file = try WeightFile.read(weights)
    return try spec.make(try spec.normalise(file.tensors, file: weights), file: weights)
  }

  /// The images of some items, `[images, 3, S, S]`.
  private static func pixels(of items: [[String]], _ preprocessing: ImagePreprocessing) throws -> EncoderInput {
    let paths = items.flatMap { $0 }
    let pixels = try Parallel.map(paths) { path in
      Result { try ImagePreprocessor.apply(ImageDecoder.decode(path), preprocessing) }
    }.flatMap { try $0.get() }
    let side = preprocessing.crop
    return EncoderInput(try Tensor(pixels, shape: [paths.count, 3, side, side]), counts: items.map(\.count))
  }

  /// One vector per item `[N, D]`: the mean over the vectors of its images (hong2022).
  private static func means(_ input: EncoderInput, network: any ImageNetwork) throws -> Tensor {
    let counts = input.counts ?? []
    let (images, device) = (counts.reduce(0, +), input.values.device)
    let vectors = try network.features(input.values.channelsLast())
    if images == counts.count { return vectors }
    var shares = [Float](repeating: 0, count: counts.count * images)
    var column = 0
    for (row, count) in counts.enumerated() {
      for _ in 0..<count {
        shares[row * images + column] = 1 / Float(count)
        column += 1
      }
    }
    return try Tensor(shares, shape: [counts.count, images]).to(device).matmul(vectors)
  }

  /// Items with the images that can be decoded; the others are told and left out before training begins, so that none
  /// of them ends it.
  private func readableImages(_ progress: Progress) throws -> [(id: String, paths: [String])] {
    let jobs = dataset.allItems.flatMap { item in item.imagePaths.map { (item.id, $0) } }
    let faults = Parallel.map(jobs) { job -> String? in
      do { _ = try ImageDecoder.decode(job.1) } catch { return "\(error)" }
      return nil
    }
    let broken = zip(jobs, faults).filter { $0.1 != nil }
    for (job, fault) in broken { progress.note("ieum: item '\(job.0)' loses an image: \(fault ?? "")") }
    let lost = Set(broken.map(\.0.1))
    let items = dataset.allItems.map { item in (id: item.id, paths: item.imagePaths.filter { !lost.contains($0) }) }
    let usable = items.filter { !$0.paths.isEmpty }
    guard !usable.isEmpty else {
      throw IeumError(
        .data, "no image of '\(dataset.name)' can be decoded", place: broken.first?.0.1,
        remedy: "see `ieum data check \(dataset.name)`")
    }
    return usable
  }
}
