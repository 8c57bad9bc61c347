import Basics

/// Byte-pair encoding: which pairs of pieces become one, in which order.
/// - Source: Sennrich, Haddow & Birch 2016, "Neural Machine Translation of Rare Words with Subword Units".
struct BytePairs: Sendable {
  struct Merge {
    let rank: Int
    let id: Int
  }

  private var merges: [UInt64: Merge] = [:]

  private static func key(_ left: Int, _ right: Int) -> UInt64 { UInt64(UInt32(left)) << 32 | UInt64(UInt32(right)) }

  mutating func add(_ left: Int, _ right: Int, rank: Int, id: Int) {
    let key = BytePairs.key(left, right)
    if merges[key] == nil { merges[key] = Merge(rank: rank, id: id) }
  }

  var count: Int { merges.count }

  /// Merges neighbours, the earliest learnt pair first and everywhere it stands, until no pair is known.
  func apply(to ids: [Int]) -> [Int] {
    var word = ids
    while word.count > 1 {
      var best: (merge: Merge, left: Int, right: Int)?
      for index in 0..<word.count - 1 {
        guard let merge = merges[BytePairs.key(word[index], word[index + 1])] else { continue }
        if best.map({ merge.rank < $0.merge.rank }) ?? true { best = (merge, word[index], word[index + 1]) }
      }
      guard let best else { break }
      word = BytePairs.replacing(best.left, best.right, by: best.merge.id, in: word)
    }
    return word
  }

  /// Every `left right`, from the left, becomes `id`.
  static func replacing(_ left: Int, _ right: Int, by id: Int, in word: [Int]) -> [Int] {
    var result: [Int] = []
    result.reserveCapacity(word.count)
    var index = 0
    while index < word.count {
      if index + 1 < word.count, word[index] == left, word[index + 1] == right {
        result.append(id)
        index += 2
      } else {
        result.append(word[index])
        index += 1
      }
    }
    return result
  }
}
