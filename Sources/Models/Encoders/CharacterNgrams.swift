import Basics
import Foundation

/// A sentence as its character n-grams: each has a random direction of its own, and the sentence is the sum of those it holds,
/// of length 1.
///
/// Knows no language and needs no weights; words that share syllables or letters come near each other, so a projection learnt
/// on few captions reaches words that it has not seen whole.
/// - Source: Bojanowski et al. 2017, "Enriching Word Vectors with Subword Information" (the n-grams); Kanerva et al. 2000,
///   "Random Indexing of Text Samples for Latent Semantic Analysis" (their directions).
public struct CharacterNgrams: Sendable {
  /// Numbers of a sentence's vector.
  public let dimension: Int
  private static let lengths = 2...4

  public init(dimension: Int) { self.dimension = dimension }

  /// - Returns: `[dimension]`, zero for a text without a letter or digit.
  public func encode(_ text: String) -> [Float] {
    var sum = [Float](repeating: 0, count: dimension)
    for word in text.precomposedStringWithCanonicalMapping.lowercased().split(whereSeparator: Self.separates) {
      for gram in Self.grams(of: word) { add(gram, to: &sum) }
    }
    let length = sum.reduce(0) { $0 + $1 * $1 }.squareRoot()
    return length > 0 ? sum.map { $0 / length } : sum
  }

  private static func separates(_ character: Character) -> Bool { !character.isLetter && !character.isNumber }

  /// The word's beginning and end count as characters: `<개>` has `<개`, `개>` and `<개>`.
  private static func grams(of word: Substring) -> [String] {
    let characters = ["<"] + Array(word) + [">"]
    return lengths.flatMap { length in
      (0..<max(0, characters.count - length + 1)).map { String(characters[$0..<$0 + length]) }
    }
  }

  /// Signs alone: their sums are as nearly orthogonal as those of normal numbers.
  private func add(_ gram: String, to sum: inout [Float]) {
    var generator = SeededGenerator(seed: 0, purpose: gram)
    var bits: UInt64 = 0
    for index in 0..<dimension {
      if index % 64 == 0 { bits = generator.next() }
      sum[index] += bits & 1 == 0 ? 1 : -1
      bits >>= 1
    }
  }
}
