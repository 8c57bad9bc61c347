import Basics

/// Words of a training set and their ids, for encoders that learn their own word embeddings.
public struct Vocabulary: Sendable, Hashable, Codable {
  public static let paddingID = 0
  public static let unknownID = 1

  /// Known words; `words[i]` has the id `i + 2`.
  public let words: [String]
  /// How text is split (``WordTokenizer``).
  public let language: String

  private let ids: [String: Int]

  /// - Throws: ``IeumError`` (data) when a word stands there twice.
  public init(words: [String], language: String) throws {
    self.words = words
    self.language = language
    ids = Dictionary(words.enumerated().map { ($1, $0 + 2) }) { first, _ in first }
    guard ids.count == words.count else {
      throw IeumError(.data, "a word stands in the vocabulary twice", remedy: "build the vocabulary again")
    }
  }

  /// Counts the words of `texts` and keeps the frequent ones: by falling count, equals in the order of their text.
  ///
  /// - Parameters:
  ///   - minimumCount: rarer words are unknown.
  ///   - maximumSize: most words to keep, padding and unknown not counted; nil = all.
  public static func build(
    texts: some Sequence<String>, minimumCount: Int = 1, maximumSize: Int? = nil, language: String = "en"
  ) -> Vocabulary {
    var counts: [String: Int] = [:]
    for text in texts {
      for word in WordTokenizer.words(text, language: language) { counts[word, default: 0] += 1 }
    }
    let kept = counts.filter { $0.value >= minimumCount }
      .sorted { ($1.value, $0.key) < ($0.value, $1.key) }
      .prefix(max(0, maximumSize ?? Int.max))
    return Vocabulary(uniqueWords: kept.map(\.key), language: language)
  }

  /// The vocabulary with further words behind its own, each once, in the order given.
  public func extended(by others: [String]) -> Vocabulary {
    var seen = Set(words)
    return Vocabulary(uniqueWords: words + others.filter { seen.insert($0).inserted }, language: language)
  }

  private init(uniqueWords: [String], language: String) {
    words = uniqueWords
    self.language = language
    ids = Dictionary(uniqueKeysWithValues: uniqueWords.enumerated().map { ($1, $0 + 2) })
  }

  /// Number of ids: the words, padding and unknown.
  public var size: Int { words.count + 2 }

  /// SHA-256 over the language and the words in order.
  public var digest: String { Digest.of(([language] + words).joined(separator: "\n")) }

  public subscript(word: String) -> Int { ids[word] ?? Vocabulary.unknownID }

  /// Ids of the text's first `length` words, filled up with ``paddingID``; all padding for a text without words.
  public func ids(_ text: String, length: Int = 20) -> [Int] {
    let known = WordTokenizer.words(text, language: language).prefix(max(0, length)).map { self[$0] }
    return known + Array(repeating: Vocabulary.paddingID, count: max(0, length) - known.count)
  }

  private enum CodingKeys: String, CodingKey { case words, language }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      words: values.decode([String].self, forKey: .words), language: values.decode(String.self, forKey: .language))
  }
}
