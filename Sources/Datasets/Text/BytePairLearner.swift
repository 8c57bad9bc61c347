import Basics

extension ClipTokenizer {
  /// Learns a vocabulary from texts, for towers that are trained from scratch.
  /// - Parameters:
  ///   - texts: the training texts alone.
  ///   - size: ids of the vocabulary; at least 514 (bytes, start, end), fewer when the texts have no more pairs.
  /// - Returns: the tokenizer, and its merge file, from which ``init(file:)`` makes it again.
  /// - Throws: ``IeumError`` (usage) when the size is too small.
  public static func learn(_ texts: [String], size: Int) throws -> (tokenizer: ClipTokenizer, merges: String) {
    guard size >= 514 else {
      throw IeumError(.usage, "a vocabulary of \(size) ids cannot hold all bytes", remedy: "give at least 514")
    }
    var learner = BytePairLearner(texts)
    let merges = learner.merges(size - 514)
    return (ClipTokenizer(try BytePairDefinition(merges: merges)), BytePairDefinition.text(of: merges))
  }
}

/// Finds the pairs of pieces that stand together most often, one after the other.
/// - Source: Sennrich, Haddow & Birch 2016, algorithm 1. Pairs of equal count go by their bytes, so that the result
///   does not depend on the order of the texts; pairs that stand only once are not merged.
struct BytePairLearner {
  private var words: [(pieces: [Int], count: Int)]
  private var pieces: [[UInt8]]

  init(_ texts: [String]) {
    var counts: [ArraySlice<UInt8>: Int] = [:]
    for text in texts {
      for case .text(let bytes) in ClipWords.split(ClipTokenizer.cleaned(text)) { counts[bytes, default: 0] += 1 }
    }
    pieces = ByteSymbols.utf8 + ByteSymbols.utf8.map { $0 + ByteSymbols.wordEnd }
    let ordered = counts.sorted { $0.key.lexicographicallyPrecedes($1.key) }
    words = ordered.map { bytes, count in
      var ids = bytes.map { Int($0) }
      if let last = ids.last { ids[ids.count - 1] = 256 + last }
      return (ids, count)
    }
  }

  mutating func merges(_ most: Int) -> [([UInt8], [UInt8])] {
    var result: [([UInt8], [UInt8])] = []
    var counts = pairCounts(words.indices)
    while result.count < most, let best = mostFrequent(counts) {
      let (left, right) = (best[0], best[1])
      result.append((pieces[left], pieces[right]))
      pieces.append(pieces[left] + pieces[right])
      let touched = words.indices.filter { index in
        zip(words[index].pieces, words[index].pieces.dropFirst()).contains { $0 == left && $1 == right }
      }
      for (pair, count) in pairCounts(touched) { counts[pair, default: 0] -= count }
      for index in touched {
        words[index].pieces = BytePairs.replacing(left, right, by: pieces.count - 1, in: words[index].pieces)
      }
      for (pair, count) in pairCounts(touched) { counts[pair, default: 0] += count }
    }
    return result
  }

  private func pairCounts(_ indices: some Sequence<Int>) -> [[Int]: Int] {
    var counts: [[Int]: Int] = [:]
    for index in indices {
      let word = words[index]
      for (left, right) in zip(word.pieces, word.pieces.dropFirst()) { counts[[left, right], default: 0] += word.count }
    }
    return counts
  }

  private func mostFrequent(_ counts: [[Int]: Int]) -> [Int]? {
    let best = counts.max { a, b in
      if a.value != b.value { return a.value < b.value }
      let (left, right) = (pieces[a.key[0]] + [0x20] + pieces[a.key[1]], pieces[b.key[0]] + [0x20] + pieces[b.key[1]])
      return right.lexicographicallyPrecedes(left)
    }
    guard let best, best.value > 1 else { return nil }
    return best.key
  }
}
