import Basics
import Foundation
import Models
import Tensors

/// The frames of a batch of clips, cut out of stored pictures.
struct FrameBatch {
  /// Side of the stored pictures, and of what the network reads.
  let stored: Int
  let side: Int
  /// `[F, 3, stored, stored]` each, F ≥ 1.
  let clips: [[UInt8]]

  /// The middle of each picture, as it is: `[N, T, 3, side, side]` with T the longest clip's frames.
  func tensor() throws -> ClipFrames {
    let middle = FrameView(side: Float(side), left: Float(stored - side) / 2, top: Float(stored - side) / 2)
    return try tensor { middle }
  }

  /// A view of each clip, drawn anew.
  func tensor(_ augmentation: ClipAugmentation, _ generator: inout SeededGenerator) throws -> ClipFrames {
    guard augmentation.isOn else { return try tensor() }
    return try tensor { augmentation.view(of: stored, &generator) }
  }

  private func tensor(_ view: () -> FrameView) throws -> ClipFrames {
    let frame = 3 * stored * stored
    let lengths = clips.map { $0.count / frame }
    guard let time = lengths.max(), lengths.allSatisfy({ $0 > 0 }) else {
      throw IeumError(.data, "a clip of the batch has no frames", place: "training", remedy: "see `ieum data check`")
    }
    var pixels = [UInt8](repeating: 0, count: clips.count * time * 3 * side * side)
    for (row, clip) in clips.enumerated() {
      let sampler = FrameSampler(view(), stored: stored, side: side)
      for plane in 0..<3 * lengths[row] {
        sampler.copy(clip, plane: plane, to: &pixels, at: (row * time * 3 + plane) * side * side)
      }
    }
    return ClipFrames(try Tensor(pixels, shape: [clips.count, time, 3, side, side]), lengths: lengths)
  }
}

/// How the clips of a batch are varied: `training.augment`.
///
/// * `crop`: the smallest share of a picture's area that is trained on; the part's shape is 3:4 to 4:3, half of them are
///   mirrored. 1 with the other two 0 = nothing is varied.
/// * `colour`: how far brightness, contrast and each colour's strength may be off, as a share.
/// * `words`: the share of a text's tokens that are left out.
public struct ClipAugmentation: Sendable, Equatable {
  public var crop = 1.0
  public var colour = 0.0
  public var words = 0.0

  /// Whether pictures are varied.
  var isOn: Bool { crop < 1 || colour > 0 }

  /// One view for all frames of a clip.
  func view(of stored: Int, _ generator: inout SeededGenerator) -> FrameView {
    func draw(_ low: Double, _ high: Double) -> Double { low + (high - low) * generator.uniform() }
    let area = draw(crop, 1) * Double(stored * stored)
    let ratio = exp(draw(-log(4.0 / 3), log(4.0 / 3)))
    let (width, height) = (min(Double(stored), sqrt(area * ratio)), min(Double(stored), sqrt(area / ratio)))
    var view = FrameView(
      width: Float(width), height: Float(height), left: Float(draw(0, Double(stored) - width)),
      top: Float(draw(0, Double(stored) - height)))
    view.isMirrored = draw(0, 1) < 0.5
    let contrast = 1 + draw(-colour, colour)
    let brightness = 1 + draw(-colour, colour)
    // Contrast is about middle grey.
    view.shift = Float(128 * (1 - contrast) * brightness)
    view.gains = (0..<3).map { _ in Float(contrast * brightness * (1 + draw(-colour, colour) / 2)) }
    return view
  }

  /// A text without some of its tokens; the first and the last, which mark its ends, stay.
  func thinned(_ ids: [Int], _ generator: inout SeededGenerator) -> [Int] {
    guard words > 0, ids.count > 3 else { return ids }
    let inner = ids.dropFirst().dropLast().filter { _ in generator.uniform() >= words }
    return inner.isEmpty ? ids : [ids[0]] + inner + [ids[ids.count - 1]]
  }
}

/// A part of a stored picture and how its colours are changed.
struct FrameView {
  var width: Float
  var height: Float
  var left: Float
  var top: Float
  var isMirrored = false
  /// Of red, green and blue.
  var gains: [Float] = [1, 1, 1]
  var shift: Float = 0

  init(width: Float, height: Float, left: Float, top: Float) {
    (self.width, self.height, self.left, self.top) = (width, height, left, top)
  }

  init(side: Float, left: Float, top: Float) { self.init(width: side, height: side, left: left, top: top) }
}

/// Resizes one view to the network's side, bilinear; a view of that size at whole pixels is copied as it is.
struct FrameSampler {
  private struct Tap {
    let first: Int
    let second: Int
    /// Weight of the second pixel, 0…1.
    let weight: Float
  }

  private let stored: Int
  private let side: Int
  private let columns: [Tap]
  private let rows: [Tap]
  private let gains: [Float]
  private let shift: Float

  init(_ view: FrameView, stored: Int, side: Int) {
    (self.stored, self.side, gains, shift) = (stored, side, view.gains, view.shift)
    func taps(_ start: Float, _ length: Float) -> [Tap] {
      (0..<side).map { index in
        let place = start + (Float(index) + 0.5) * length / Float(side) - 0.5
        let floor = place.rounded(.down)
        let first = max(0, min(stored - 1, Int(floor)))
        return Tap(first: first, second: max(0, min(stored - 1, Int(floor) + 1)), weight: place - floor)
      }
    }
    let across = taps(view.left, view.width)
    columns = view.isMirrored ? across.reversed() : across
    rows = taps(view.top, view.height)
  }

  /// - Parameters:
  ///   - clip: planes of `stored` × `stored`, red, green, blue, red….
  ///   - start: where the plane of `side` × `side` begins.
  func copy(_ clip: [UInt8], plane: Int, to pixels: inout [UInt8], at start: Int) {
    let (gain, base) = (gains[plane % 3], plane * stored * stored)
    pixels.withUnsafeMutableBufferPointer { target in
      clip.withUnsafeBufferPointer { source in
        for (line, row) in rows.enumerated() {
          let (upper, lower) = (base + row.first * stored, base + row.second * stored)
          for (column, tap) in columns.enumerated() {
            let above = Self.mix(source[upper + tap.first], source[upper + tap.second], tap.weight)
            let below = Self.mix(source[lower + tap.first], source[lower + tap.second], tap.weight)
            let value = (above + (below - above) * row.weight) * gain + shift
            target[start + line * side + column] = UInt8(max(0, min(255, value.rounded())))
          }
        }
      }
    }
  }

  private static func mix(_ first: UInt8, _ second: UInt8, _ weight: Float) -> Float {
    Float(first) + (Float(second) - Float(first)) * weight
  }
}
