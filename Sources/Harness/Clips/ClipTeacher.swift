import Basics
import Datasets
import Tensors

/// What a frozen image encoder makes of the items that are trained on: the mean of an item's frames less the mean of
/// all items, of length 1.
///
/// Without the mean all pictures would point nearly the same way, as pooled activations are positive.
struct ClipTeacher: Sendable {
  /// Length of its vectors.
  let width: Int
  private var places: [ItemKey: Int] = [:]
  private var values: [Float] = []

  /// The datasets that it looks at, each once, by their places among a cell's.
  static func datasets(_ sources: [Int]) -> [Int] { Array(Set(sources)).sorted() }

  /// The teacher, looking at the frames that the image tower sees unless it says otherwise.
  static func choice(
    _ distillation: ClipsConfig.Distillation, beside image: CellConfig.EncoderChoice
  ) -> CellConfig.EncoderChoice {
    let (teacher, names) = (distillation.teacher, Set(FilmFrames.parameters.map(\.name)))
    return CellConfig.EncoderChoice(
      encoder: teacher.encoder, weights: teacher.weights, seed: teacher.seed, train: false,
      precision: teacher.precision, device: teacher.device,
      parameters: image.parameters.filter { names.contains($0.key) }.merging(teacher.parameters) { $1 })
  }

  /// - Parameters:
  ///   - tower: on ``datasets(_:)`` of the sources.
  ///   - items: what is trained on; one that the encoder could not read teaches nothing.
  /// - Throws: ``IeumError`` (data) when it could read none of them.
  init(_ tower: ImageTower, items: Set<ItemKey>, of sources: [Int], _ progress: Progress) throws {
    let files = try tower.files(progress)
    width = files.first?.dimension ?? 0
    for (number, file) in zip(Self.datasets(sources), files) {
      for id in file.ids {
        let key = ItemKey(dataset: number, id: id)
        guard items.contains(key), let frames = file.vectors(of: id), !frames.isEmpty else { continue }
        places[key] = places.count
        values += Self.mean(Array(frames), width)
      }
    }
    guard !places.isEmpty else {
      throw IeumError(
        .data, "none of the \(items.count) items that are trained on has features", place: "training.distill",
        remedy: "see `ieum features show`")
    }
    centre()
  }

  /// The mean row of `[N, width]`.
  private static func mean(_ rows: [Float], _ width: Int) -> [Float] {
    let count = rows.count / max(1, width)
    var sum = [Double](repeating: 0, count: width)
    for row in 0..<count { for column in 0..<width { sum[column] += Double(rows[row * width + column]) } }
    return sum.map { Float($0 / Double(max(1, count))) }
  }

  private mutating func centre() {
    let mean = Self.mean(values, width)
    for row in 0..<places.count {
      var squares = 0.0
      for column in 0..<width {
        values[row * width + column] -= mean[column]
        squares += Double(values[row * width + column]) * Double(values[row * width + column])
      }
      let length = Float(squares.squareRoot())
      guard length > 0 else { continue }
      for column in 0..<width { values[row * width + column] /= length }
    }
  }

  /// `[N, width]`: zeros where it has nothing to teach.
  func rows(_ keys: [ItemKey]) throws -> Tensor {
    var rows: [Float] = []
    rows.reserveCapacity(keys.count * width)
    for key in keys {
      if let place = places[key] {
        rows += values[place * width..<(place + 1) * width]
      } else {
        rows += [Float](repeating: 0, count: width)
      }
    }
    return try Tensor(rows, shape: [keys.count, width])
  }
}
