import Basics
import Datasets
import Foundation
import Testing

private struct TextGolden: Decodable {
  struct WordPiece: Decodable {
    let text: String
    let uncased: [Int]
    let cased: [Int]
    let short: [Int]
  }

  struct SentencePiece: Decodable {
    struct Row: Decodable {
      let text: String
      let ids: [Int]
    }
    let size: Int
    let first: Int
    let last: Int
    let padding: Int
    let rows: [Row]
  }

  let wordpiece: [WordPiece]
  let sentencepiece: SentencePiece

  static func load() throws -> TextGolden {
    try JSONDecoder().decode(TextGolden.self, from: Data(contentsOf: URL(fileURLWithPath: path("text.json"))))
  }

  static func path(_ name: String) -> String { Bundle.module.bundlePath + "/Golden/text/" + name }
}

@Suite struct TextTokenizerTests {
  @Test func wordPieceGivesTheReferenceIDs() throws {
    let golden = try TextGolden.load()
    #expect(golden.wordpiece.count > 150)
    let uncased = try WordPieceTokenizer(vocabularyFile: TextGolden.path("vocab.txt"))
    let cased = try WordPieceTokenizer(vocabularyFile: TextGolden.path("vocab.txt"), lowercase: false)
    let fromJSON = try WordPieceTokenizer(tokenizerJSON: TextGolden.path("tokenizer.json"))
    for row in golden.wordpiece {
      #expect(try uncased.encode(row.text, maxTokens: 512) == row.uncased, "uncased \(row.text.debugDescription)")
      #expect(try cased.encode(row.text, maxTokens: 512) == row.cased, "cased \(row.text.debugDescription)")
      #expect(try uncased.encode(row.text, maxTokens: 6) == row.short, "short \(row.text.debugDescription)")
      #expect(try fromJSON.encode(row.text, maxTokens: 512) == row.uncased, "JSON \(row.text.debugDescription)")
    }
    #expect(uncased.digest != cased.digest)
  }

  @Test func sentencePieceGivesTheReferenceIDs() throws {
    let golden = try TextGolden.load().sentencepiece
    let path = TextGolden.path("tiny.model")
    let tokenizer = try BertTokenizerFile.open(path)
    #expect(tokenizer is SentencePieceTokenizer)
    #expect(tokenizer.vocabularySize == golden.size)
    #expect((tokenizer.classID, tokenizer.separatorID) == (golden.first, golden.last))
    #expect(tokenizer.paddingID == golden.padding)
    for row in golden.rows {
      #expect(try tokenizer.encode(row.text, maxTokens: 512) == row.ids, "\(row.text.debugDescription)")
    }
    let cut = try tokenizer.encode(golden.rows[0].text, maxTokens: 4)
    #expect(cut == Array(golden.rows[0].ids.prefix(3)) + [golden.last])
    let other = try SentencePieceTokenizer(model: path, classID: 7, separatorID: 8)
    #expect(try other.encode("", maxTokens: 2) == [7, 8])
  }

  @Test func tooFewTokensAreRefused() throws {
    let tokenizer = try WordPieceTokenizer(vocabularyFile: TextGolden.path("vocab.txt"))
    let error = #expect(throws: IeumError.self) { try tokenizer.encode("the dog", maxTokens: 1) }
    #expect(error?.kind == .usage)
  }

  @Test(arguments: ["", "{", "{\"model\": {\"type\": \"Unigram\", \"vocab\": []}}", "one\ntwo\n", "\n\u{3}\n\u{1}a"])
  func filesThatAreNoTokenizerAreRefusedByName(content: String) throws {
    try withTemporaryFile(Array(content.utf8), named: "tokenizer.json") { path in
      let error = #expect(throws: IeumError.self) { try BertTokenizerFile.open(path) }
      #expect(error?.kind == .data)
      #expect(error?.file == path)
    }
  }

  @Test func canonicallyEquivalentPiecesStayApart() throws {
    let pieces = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n\u{e9}\ne\u{301}\n"
    try withTemporaryFile(Array(pieces.utf8), named: "vocab.txt") { path in
      let tokenizer = try WordPieceTokenizer(vocabularyFile: path, lowercase: false)
      #expect(tokenizer.pieces("\u{e9}") == [4])
      #expect(tokenizer.pieces("e\u{301}") == [5])
      #expect(tokenizer.vocabularySize == 6)
    }
  }

  @Test func theConfigBesideAVocabularyDecidesItsCase() throws {
    try withTemporaryFile(Array("[PAD]\n[UNK]\n[CLS]\n[SEP]\ndog\nDog\n".utf8), named: "vocab.txt") { path in
      #expect(try WordPieceTokenizer(file: path).pieces("Dog") == [4])
      let config = URL(fileURLWithPath: path).deletingLastPathComponent().appendingPathComponent("tokenizer_config.json")
      try Data("{\"do_lower_case\": false}".utf8).write(to: config)
      #expect(try WordPieceTokenizer(file: path).pieces("Dog") == [5])
      #expect(try WordPieceTokenizer(file: path, lowercase: true).pieces("Dog") == [4])
    }
  }
}
