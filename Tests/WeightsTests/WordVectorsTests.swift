import Basics
import Foundation
import Testing
import Weights

@Suite struct WordVectorsTests {
  static let words = ["the", "dog", "개", "검은새", "unk"]

  @Test(arguments: ["word2vec.bin", "word2vec-joined.bin", "word2vec.txt", "glove.txt"])
  func readsWordsAndValues(name: String) throws {
    let path = try Golden.path(name)
    let vectors = try WordVectors.read(path)
    try expect(vectors, "vectors")
    #expect(try vectors.digest == Digest.ofFile(path))
  }

  @Test(arguments: [
    ("c-f4.npy", "vectors"), ("fortran-f8.npy", "vectors"), ("big-f4.npy", "vectors"),
    ("big-fortran-f8.npy", "vectors"), ("f2.npy", "vectors-f2"),
  ])
  func readsNumpyWithAVocabulary(name: String, golden: String) throws {
    let vectors = try WordVectors.read(Golden.path(name), vocabulary: Golden.path("vocabulary.txt"))
    try expect(vectors, golden)
    #expect(try vectors.digest != Digest.ofFile(Golden.path(name)))
  }

  private func expect(_ vectors: WordVectors, _ golden: String) throws {
    let values = try #require(try Golden.expected(golden).first).values.map { Float($0) }
    #expect(vectors.words == Self.words)
    #expect(vectors.dimension == 4)
    #expect(vectors.values == values)
    #expect(vectors["검은새"].map { Array($0) } == Array(values[12..<16]))
    #expect(vectors["검은새".decomposedStringWithCanonicalMapping] == vectors["검은새"])
    #expect(vectors.row(of: "dog") == 1)
    #expect(vectors["cat"] == nil)
  }

  @Test(arguments: [
    ("a 1 2\nb 3 nan\n", "line 2", "'b' holds nan"), ("a 1 2\nb inf 3\n", "line 2", "'b' holds inf"),
    ("2 2\na 1 2\nb 3 1e39\n", "line 3", "'b' holds inf"), ("a 1 2\nb 3\n", "line 2", "2 numbers"),
    ("a 1 2\n\nb 3 4\n", "line 2", "2 numbers"),
    ("a 1 2\na 3 4\n", "line 2", "appears again (first at line 1)"),
    ("3 2\na 1 2\nb 3 4\n", "line 3", "says it has 3 words, but has 2"),
    ("2 2\na 1 2\nb 3 x\n", "line 3", "2 numbers"),
    ("a 1 2\nb 1 2 3\n", "line 2", "2 numbers"), ("7 4", "line 1", "says it has 7 words, but has 0"),
    ("2 2\na 0x1 2\nb 3 4\n", "line 2", "2 numbers"),
  ])
  func brokenTextIsNamedByLine(text: String, place: String, word: String) throws {
    let scratch = try Scratch()
    let path = try scratch.write(text)
    let error = try dataError(path) { try WordVectors.read(path) }
    #expect(error.place == place)
    #expect(error.problem.contains(word))
  }

  @Test func textFormsThatAreAllowed() throws {
    let scratch = try Scratch()
    let path = try scratch.write(
      "c .25\t-7\r\na b  -1.5 +2e-3 \r\n123456789012345678901 0.30000001192092896 5e-324")
    let vectors = try WordVectors.read(path)
    #expect(vectors.words == ["c", "a b", "123456789012345678901"])
    #expect(vectors.values == [0.25, -7, -1.5, 0.002, 0.3, 0])
  }

  @Test func canonicallyEqualSpellingsShareTheFirstRow() throws {
    let scratch = try Scratch()
    let path = try scratch.write("\u{e9} 1 2\ne\u{301} 3 4\n")
    let vectors = try WordVectors.read(path)
    #expect(vectors.count == 2)
    #expect(vectors["e\u{301}"].map { Array($0) } == [1, 2])
  }

  @Test func nonFiniteBinaryVectorsAndBrokenWordsAreNamed() throws {
    let scratch = try Scratch()
    let nan = withUnsafeBytes(of: Float.nan) { Data($0) }
    let bad = try scratch.write(Data("1 1\ndog ".utf8) + nan)
    let error = try dataError(bad) { try WordVectors.read(bad) }
    #expect(error.problem.contains("'dog' holds nan") && error.place == "word 1")
    let broken = try scratch.write(Data("1 1\n".utf8) + Data([0xff, 0xfe, 32, 0, 0, 0, 0]))
    #expect(try dataError(broken) { try WordVectors.read(broken) }.place == "word 1, byte 4")
    let more = try scratch.write(Golden.data("word2vec.bin") + Data("xyz".utf8))
    #expect(try dataError(more) { try WordVectors.read(more) }.problem.contains("4 bytes after"))
    let claims = try scratch.write(Data("4000000000 300000\na ".utf8) + Data([0, 0, 0, 0]))
    #expect(try dataError(claims) { try WordVectors.read(claims) }.place == "line 1")
  }

  @Test(arguments: [
    ("the\ndog\n개\ndog\nunk\n", "line 4", "first on line 2"), ("the\ndog\n\nx\nunk", "line 3", "is empty"),
    ("the\ndog\n", nil, "has 2 words, but"),
  ])
  func vocabularyFaultsAreNamedByLine(text: String, place: String?, word: String) throws {
    let scratch = try Scratch()
    let path = try scratch.write(text)
    let error = try dataError(path) { try WordVectors.read(Golden.path("c-f4.npy"), vocabulary: path) }
    #expect(error.place == place)
    #expect(error.problem.contains(word))
  }

  @Test func otherFormatsSayWhatToDo() throws {
    let alone = try Golden.path("c-f4.npy")
    #expect(try dataError(alone) { try WordVectors.read(alone) }.remedy?.contains("vocabulary") == true)
    let text = try Golden.path("glove.txt")
    #expect(throws: IeumError.self) { try WordVectors.read(text, vocabulary: text) }
    let pickle = try Golden.path("malicious.pkl")
    #expect(try dataError(pickle) { try WordVectors.read(pickle) }.problem.contains("pickle"))
    let integers = try Golden.path("int.npy")
    let vocabulary = try Golden.path("vocabulary.txt")
    #expect(
      try dataError(integers) { try WordVectors.read(integers, vocabulary: vocabulary) }.problem.contains(
        "<i4"))
  }
}
