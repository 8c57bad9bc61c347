/// Pieces to ids, compared byte by byte: Swift strings would take canonically equivalent pieces for one.
struct PieceTable: Sendable {
  private var ids: [ArraySlice<UInt8>: Int] = [:]
  /// One more than the largest id.
  private(set) var size = 0

  mutating func set(_ piece: [UInt8], id: Int) {
    ids[piece[...]] = id
    size = max(size, id + 1)
  }

  var isEmpty: Bool { ids.isEmpty }

  subscript(piece: ArraySlice<UInt8>) -> Int? { ids[piece] }
  subscript(piece: String) -> Int? { ids[Array(piece.utf8)[...]] }
}
