import Basics
import Weights

/// A sentence as the mean of its words' vectors.
/// - Source: Mikolov et al. 2013, "Distributed Representations of Words and Phrases and their Compositionality".
public struct WordVectorAverage: Sendable {
  public let vectors: WordVectors
  /// SHA-256 over the vectors and the code version.
  public let digest: String
  public var dimension: Int { vectors.dimension }

  public init(_ vectors: WordVectors) {
    self.vectors = vectors
    digest = Digest.of("word2vec\ncode:1\n\(vectors.digest)")
  }

  /// - Parameters:
  ///   - path: word2vec binary or text, GloVe text, or `.npy` with a vocabulary.
  ///   - vocabulary: one word per row, for `.npy` only.
  public static func load(_ path: String, vocabulary: String? = nil) throws -> WordVectorAverage {
    WordVectorAverage(try WordVectors.read(path, vocabulary: vocabulary))
  }

  /// The mean over the known words of each sentence; a word counts as often as it stands there. A word that is only known
  /// in lower case is taken so.
  /// - Returns: `[sentences.count, dimension]` row-major (a sentence without a known word is zero), and how many words
  ///   were unknown.
  public func encode(_ sentences: [[String]]) -> (rows: [Float], unknown: Int) {
    var rows: [Float] = []
    rows.reserveCapacity(sentences.count * dimension)
    var unknown = 0
    for sentence in sentences {
      var sum = [Double](repeating: 0, count: dimension)
      var known = 0
      for word in sentence {
        guard let vector = vectors[word] ?? vectors[word.lowercased()] else {
          unknown += 1
          continue
        }
        known += 1
        for (i, value) in vector.enumerated() { sum[i] += Double(value) }
      }
      rows += sum.map { Float($0 / Double(max(1, known))) }
    }
    return (rows, unknown)
  }
}
