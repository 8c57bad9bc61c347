import Basics
import Models
import Ranking
import Tensors

/// Unit vectors under names: captions or items.
struct ItemVectors {
  let names: [String]
  /// `[names.count, D]` row-major.
  let rows: [Float]
  let dimension: Int
  /// Names that have no vector because what they stand for could not be decoded, and why.
  let failures: [String: String]
  /// Names of items that have nothing to embed, such as films without sound.
  let lacking: Set<String>
  private let row: [String: Int]

  init(
    names: [String], rows: [Float], dimension: Int, failures: [String: String] = [:], lacking: Set<String> = []
  ) {
    (self.names, self.rows, self.dimension) = (names, rows, dimension)
    (self.failures, self.lacking) = (failures, lacking)
    row = Dictionary(names.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
  }

  subscript(name: String) -> ArraySlice<Float>? {
    row[name].map { rows[$0 * dimension..<($0 + 1) * dimension] }
  }

  func has(_ name: String) -> Bool { row[name] != nil }

  /// The mean of each run of `counts` rows, scaled to length 1.
  static func means(_ rows: [Float], counts: [Int], dimension: Int) -> [Float] {
    var means: [Float] = []
    means.reserveCapacity(counts.count * dimension)
    var start = 0
    for count in counts {
      var sum = [Float](repeating: 0, count: dimension)
      for row in start..<start + count {
        for d in 0..<dimension { sum[d] += rows[row * dimension + d] }
      }
      means += unit(sum)
      start += count
    }
    return means
  }

  static func unit(_ vector: [Float]) -> [Float] {
    let length = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
    return length > 0 ? vector.map { $0 / length } : vector
  }
}

/// Clips as a mix of their image and their sound vectors.
/// - Source: half2020, "+ audio feature": the gallery vector is the image feature mixed with the audio feature at a fixed
///   ratio. Choice: (1 − share)·image + share·audio on unit vectors; a clip without sound keeps its image vector.
enum ClipMix {
  static func mixed(image: ItemVectors, audio: ItemVectors?, share: Double) -> ItemVectors {
    guard let audio, share > 0 else { return image }
    let rows = image.names.flatMap { name -> [Float] in
      let picture = Array(image[name] ?? [])
      guard let sound = audio[name] else { return picture }
      return ItemVectors.unit(zip(picture, sound).map { Float(1 - share) * $0 + Float(share) * $1 })
    }
    return ItemVectors(names: image.names, rows: rows, dimension: image.dimension)
  }

  /// The share that scores best; of equal ones the smallest.
  static func best(_ shares: [Double], score: (Double) throws -> Double) rethrows -> Double {
    var best: (share: Double, score: Double)?
    for share in shares.sorted() {
      let score = try score(share)
      if best.map({ score > $0.score }) ?? true { best = (share, score) }
    }
    return best?.share ?? 0
  }
}
