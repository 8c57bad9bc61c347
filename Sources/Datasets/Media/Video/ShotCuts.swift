/// Finds where a film's picture changes at once: hard cuts, as a change of colours between frames.
///
/// Frames are compared a quarter of a second apart by their colour histograms; where those differ by more than the
/// threshold, the cut is put at the largest change from frame to frame in between. Slow dissolves are not found.
/// - Source: histogram differences as in Zhang, Kankanhalli & Smoliar 1993, "Automatic partitioning of full-motion video".
public enum ShotCuts {
  /// Of the colours that differ, 0…1. Choice: within a shot neighbouring frames are mostly below 0.1.
  public static let threshold = 0.3
  /// Frames compared per second.
  private static let rate = 4.0

  /// Seconds from the file's beginning at which a shot begins, rising; the first shot's beginning is not among them.
  /// - Parameter shortest: seconds that lie at least between two cuts, and before the film's end; of closer ones the first
  ///   counts.
  /// - Throws: ``IeumError`` (data) when a frame is damaged.
  public static func times(in film: VideoFile, shortest: Double = 1) throws -> [Double] {
    let frames = Array(Set(FrameSampling.rate(rate).frames(of: film.table))).sorted()
    let colours = try film.map(frames) { ColourHistogram($0) }
    let end = film.table.time(of: 0) + film.table.duration
    var times: [Double] = []
    var start = film.table.time(of: 0)
    for place in frames.indices.dropFirst()
    where colours[place].difference(from: colours[place - 1]) > threshold {
      let time = film.table.time(of: try largestChange(film, frames[place - 1]...frames[place]))
      guard time - start >= shortest, end - time >= shortest else { continue }
      times.append(time)
      start = time
    }
    return times
  }

  /// The frame that differs most from the one before it.
  private static func largestChange(_ film: VideoFile, _ frames: ClosedRange<Int>) throws -> Int {
    let colours = try film.map(Array(frames)) { ColourHistogram($0) }
    let steps = colours.indices.dropFirst().map { ($0, colours[$0].difference(from: colours[$0 - 1])) }
    // Of equal ones the first.
    let best = steps.reduce(nil as (place: Int, change: Double)?) { best, step in
      if let best, best.change >= step.1 { return best }
      return (step.0, step.1)
    }
    return frames.lowerBound + (best?.place ?? 1)
  }
}

/// How often each brightness occurs in red, green and blue, on a coarse grid of pixels.
struct ColourHistogram {
  private static let bins = 16
  /// Pixels looked at in each direction.
  private static let grid = 64
  /// `[3, bins]`, each colour's sum 1.
  let values: [Double]

  init(_ image: RGBImage) {
    let (rows, columns) = (min(Self.grid, image.height), min(Self.grid, image.width))
    var values = [Double](repeating: 0, count: 3 * Self.bins)
    let share = 1 / Double(max(1, rows * columns))
    for row in 0..<rows {
      for column in 0..<columns {
        let pixel = 3 * (row * image.height / rows * image.width + column * image.width / columns)
        for colour in 0..<3 {
          // Shared between the two nearest bins, so that noise at a bin's edge counts as little as elsewhere.
          let place = Double(image.pixels[pixel + colour]) / 255 * Double(Self.bins - 1)
          let low = min(Int(place), Self.bins - 2)
          values[colour * Self.bins + low] += share * (1 - (place - Double(low)))
          values[colour * Self.bins + low + 1] += share * (place - Double(low))
        }
      }
    }
    self.values = values
  }

  /// The share of brightnesses that differ, the mean over the three colours: 0…1.
  func difference(from other: ColourHistogram) -> Double {
    zip(values, other.values).reduce(0) { $0 + abs($1.0 - $1.1) } / 6
  }
}
