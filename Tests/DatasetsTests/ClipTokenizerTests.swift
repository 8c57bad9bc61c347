import Basics
import Datasets
import Foundation
import Testing

/// CLIP's tokenizer against the published one (scripts/golden/clip_tokenizer.py).
@Suite struct ClipTokenizerTests {
  struct Reference: Decodable {
    struct Row: Decodable {
      let text: String
      let ids: [Int]
      let eight: [Int]
    }
    let size: Int
    let rows: [Row]
  }

  static func path(_ name: String) -> String { Bundle.module.bundlePath + "/Golden/text/" + name }

  static func reference() throws -> Reference {
    try JSONDecoder().decode(Reference.self, from: Data(contentsOf: URL(fileURLWithPath: path("clip-tokenizer.json"))))
  }

  @Test func givesThePublishedIDs() throws {
    let reference = try Self.reference()
    #expect(reference.rows.count > 45)
    let tokenizer = try ClipTokenizer(file: Self.path("clip-merges.txt.gz"))
    #expect(tokenizer.vocabularySize == reference.size)
    #expect(tokenizer.endID == reference.size - 1 && tokenizer.startID == reference.size - 2)
    for row in reference.rows {
      #expect(tokenizer.pieces(row.text) == row.ids, "\(row.text.debugDescription)")
      #expect(try tokenizer.encode(row.text, maxTokens: 8) == row.eight, "\(row.text.debugDescription)")
    }
  }

  @Test func knowsTheSpecialTokensWrittenOut() throws {
    let tokenizer = try ClipTokenizer(file: Self.path("clip-merges.txt.gz"))
    let cat = tokenizer.pieces("cat")
    #expect(tokenizer.pieces("cat<|endoftext|>cat <|StartOfText|>") == cat + [tokenizer.endID] + cat + [tokenizer.startID])
    #expect(throws: IeumError.self) { try tokenizer.encode("cat", maxTokens: 1) }
  }

  /// The same vocabulary in the three forms in which it is published gives the same ids.
  @Test func readsEveryPublishedForm() throws {
    let folder = FileManager.default.temporaryDirectory.path + "/clip-tokenizer-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let texts = ["a cat and the hat", "the cat sat on the mat", "고양이가 앉았다", "고양이는 잔다"]
    let (learnt, merges) = try ClipTokenizer.learn(texts, size: 560)
    try merges.write(toFile: folder + "/plain.txt", atomically: true, encoding: .utf8)
    let plain = try ClipTokenizer(file: folder + "/plain.txt")
    let pieces = texts.map { learnt.pieces($0) }
    #expect(texts.map { plain.pieces($0) } == pieces)
    #expect(plain.digest == learnt.digest)
    // Learnt pieces make the texts shorter than their bytes.
    #expect(pieces[0].count < 12)  // 13 letters and no room for spaces

    // Hugging Face: ids from vocab.json, here shifted by ten.
    try merges.write(toFile: folder + "/merges.txt", atomically: true, encoding: .utf8)
    let vocabulary = try Self.vocabulary(of: merges, shift: 10)
    try JSONEncoder().encode(vocabulary).write(to: URL(fileURLWithPath: folder + "/vocab.json"))
    let shifted = try ClipTokenizer(file: folder + "/merges.txt")
    #expect(shifted.pieces(texts[2]) == pieces[2].map { $0 + 10 })
    #expect(shifted.endID == learnt.endID + 10)

    let lines = merges.split(separator: "\n").dropFirst().map(String.init)
    let json: [String: Any] = ["model": ["type": "BPE", "vocab": vocabulary, "merges": lines] as [String: Any]]
    try JSONSerialization.data(withJSONObject: json).write(to: URL(fileURLWithPath: folder + "/tokenizer.json"))
    #expect(try ClipTokenizer(file: folder + "/tokenizer.json").pieces(texts[3]) == pieces[3].map { $0 + 10 })
    #expect(ClipTokenizer.beside(weights: folder + "/model.pt") == folder + "/merges.txt")
  }

  /// The ids of the published order.
  private static func vocabulary(of merges: String, shift: Int) throws -> [String: Int] {
    var symbols: [String] = []
    var others: UInt32 = 0x100
    var hidden: [String] = []
    for byte in UInt32(0)..<256 {
      if (0x21...0x7E).contains(byte) || (0xA1...0xAC).contains(byte) || (0xAE...0xFF).contains(byte) {
        symbols.append(String(try #require(Unicode.Scalar(byte))))
      } else {
        hidden.append(String(try #require(Unicode.Scalar(others))))
        others += 1
      }
    }
    symbols += hidden
    symbols += symbols.map { $0 + "</w>" }
    symbols += merges.split(separator: "\n").dropFirst().map { String($0).replacing(" ", with: "") }
    symbols += ["<|startoftext|>", "<|endoftext|>"]
    return Dictionary(symbols.enumerated().map { ($1, $0 + shift) }, uniquingKeysWith: { $1 })
  }

  @Test func learningDoesNotDependOnTheOrderOfTexts() throws {
    let texts = ["low lower lowest", "new newer newest", "wide wider widest"]
    let (one, merges) = try ClipTokenizer.learn(texts, size: 530)
    let (other, again) = try ClipTokenizer.learn(texts.reversed(), size: 530)
    #expect(merges == again && one.digest == other.digest)
    // "we" stands in lower, lowest, newer and newest: more often than any other pair.
    #expect(merges.split(separator: "\n")[1] == "w e")
    #expect(throws: IeumError.self) { try ClipTokenizer.learn(texts, size: 513) }
  }

  @Test func damagedVocabulariesAreRefusedByName() throws {
    let folder = FileManager.default.temporaryDirectory.path + "/clip-damage-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    func message(_ path: String) -> String {
      do { return "\(try ClipTokenizer(file: path).vocabularySize)" } catch { return "\(error)" }
    }
    #expect(message(folder + "/none").contains("none: cannot be read"))
    let whole = try Data(contentsOf: URL(fileURLWithPath: Self.path("clip-merges.txt.gz")))
    let cut = folder + "/cut.gz"
    try whole.prefix(whole.count / 2).write(to: URL(fileURLWithPath: cut))
    #expect(message(cut).contains("cut.gz: is"))
    let json = folder + "/tokenizer.json"
    try Data("{\"model\": {\"type\": \"WordPiece\"}}".utf8).write(to: URL(fileURLWithPath: json))
    #expect(message(json).contains("holds no BPE model"))
    try Data("{\"model\"".utf8).write(to: URL(fileURLWithPath: json))
    #expect(message(json).contains("not valid JSON"))
    // An id that no table has room for, of a piece that a merge asks for.
    for id in ["-1", "4611686018427387904"] {
      let added = "{\"added_tokens\": [{\"id\": \(id), \"content\": \"t\"}], \"model\": {\"merges\": [\"t h\"]}}"
      try Data(added.utf8).write(to: URL(fileURLWithPath: json))
      #expect(message(json).contains("of the added token 't' is no id"), "\(message(json))")
    }
  }
}
