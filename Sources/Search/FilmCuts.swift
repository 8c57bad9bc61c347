import Basics
import Datasets

/// How films become clips.
struct FilmCuts {
  /// The length of a clip; at shots the longest.
  let seconds: Double
  /// Cut where one shot ends and the next begins, rather than every so many seconds.
  let atShots: Bool

  /// From `start` to `end` in seconds; nil = the film's own ends.
  typealias Part = (start: Double?, end: Double?)

  /// The parts of a film, one after the other, without gaps.
  func parts(of film: VideoFile) throws -> [Part] {
    let inner = atShots ? try shots(of: film) : try fixed(film.table.duration)
    let ends = [nil] + inner.map { Optional($0) } + [nil]
    return zip(ends, ends.dropFirst()).map { ($0, $1) }
  }

  /// Every so many seconds; a rest shorter than half of that belongs to the clip before it.
  private func fixed(_ length: Double) throws -> [Double] {
    let count = max(1, (length / seconds).rounded(.toNearestOrAwayFromZero))
    guard count <= 100_000 else {
      throw IeumError(.usage, "\(length) s are more than 100,000 clips", remedy: "take longer ones (--seconds)")
    }
    return (1..<Int(count)).map { Double($0) * seconds }
  }

  /// Where shots end; one that is too long is divided into equal parts.
  private func shots(of film: VideoFile) throws -> [Double] {
    let first = film.table.time(of: 0)
    let last = first + film.table.duration
    var inner: [Double] = []
    var start = first
    for end in try ShotCuts.times(in: film, shortest: min(1, seconds)) + [last] {
      let pieces = max(1, Int(((end - start) / seconds - 1e-6).rounded(.up)))
      inner += (1..<max(1, pieces)).map { start + (end - start) * Double($0) / Double(pieces) }
      if end < last { inner.append(end) }
      start = end
    }
    return inner
  }
}
