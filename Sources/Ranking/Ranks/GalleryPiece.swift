/// The part of the gallery that one tile holds: whole candidates and all their rows.
struct GalleryPiece: Sendable {
  /// Candidates.
  let items: Range<Int>
  let rows: Range<Int>
  /// Offsets of all groups; nil where candidates are rows.
  private let groups: [Int]?

  /// Pieces of at most `most` rows, or of one group where it has more.
  static func all(rows: Int, groups: [Int]?, most: Int) -> [GalleryPiece] {
    guard let groups else {
      return stride(from: 0, to: rows, by: most).map { start in
        let range = start..<min(start + most, rows)
        return GalleryPiece(items: range, rows: range, groups: nil)
      }
    }
    var pieces: [GalleryPiece] = []
    var first = 0
    while first < groups.count - 1 {
      var end = first + 1
      while end < groups.count - 1, groups[end + 1] - groups[first] <= most { end += 1 }
      pieces.append(GalleryPiece(items: first..<end, rows: groups[first]..<groups[end], groups: groups))
      first = end
    }
    return pieces
  }

  /// Leaves each group's best score in the first `items.count` places of a tile's line. `[rows.count]`
  func keepBest(_ line: UnsafeMutablePointer<Float>) {
    guard let groups else { return }
    for (place, item) in items.enumerated() {
      var best = -Float.infinity
      for row in groups[item]..<groups[item + 1] { best = max(best, line[row - rows.lowerBound]) }
      line[place] = best
    }
  }
}
