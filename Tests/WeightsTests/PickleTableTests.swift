import Basics
import Foundation
import Testing
import Weights

/// Pickles of arrays, sentences and numbers (scripts/golden/pickles.py), read without executing anything.
@Suite struct PickleTableTests {
  private func table(_ name: String) throws -> PickleTable { try PickleTable.read(Golden.path(name)) }

  @Test(arguments: 2...5)
  func everyProtocolGivesTheSameArrays(version: Int) throws {
    let arrays = try table("features-\(version).pkl").arrays()
    #expect(arrays.map(\.id) == (0..<6).map { "video\($0)" })
    #expect(arrays.map { $0.arrays.map(\.shape) } == [[[2, 3]], [[2, 3]], [[1, 3]], [], [[3]], [[1, 3]]])
    let values = arrays.map { $0.arrays.first?.values ?? [] }
    #expect(values[0] == [0, 1, 2, 3, 4, 5])
    // Column-major in the file.
    #expect(values[1] == values[0])
    // Big endian.
    #expect(values[2] == [0, 1, 2] && values[4] == [1.5, -2, 0.25] && values[5] == [7, 8, 9])
  }

  @Test func python2() throws {
    let arrays = try table("features-python2.pkl").arrays()
    #expect(arrays.count == 1 && arrays[0].id == "video0")
    #expect(arrays[0].arrays.map(\.values) == [[0, 200.5]])
  }

  @Test func sentencesAndNumbers() throws {
    let sentences = try table("sentences.pkl").sentences()
    #expect(sentences.map(\.id) == ["video0", "video1"])
    #expect(sentences.map(\.sentences) == [["a dog runs", "개가 달린다"], ["a whole sentence"]])
    #expect(try table("numbers.pkl").integers().map(\.number) == [1, 0, 19])
    let captions = try table("captions.pkl")
    let features = try table("features-4.pkl")
    #expect(captions.hasLists() && !features.hasLists())
    #expect(try captions.arrays().map { $0.arrays.map(\.shape) } == [[[2, 3], [1, 3]], [[1, 3]]])
  }

  @Test func whatIsAskedForMustBeThere() throws {
    let path = try Golden.path("sentences.pkl")
    #expect(try dataError(path) { try table("sentences.pkl").arrays() }.place == "entry 'video0'")
    #expect(try dataError(path) { try table("sentences.pkl").integers() }.problem == "is no whole number")
    let numbers = try Golden.path("numbers.pkl")
    #expect(try dataError(numbers) { try table("numbers.pkl").sentences() }.problem == "is no list of sentences")
  }

  @Test func nothingIsExecuted() throws {
    let error = try dataError(Golden.path("calls.pkl")) { try table("calls.pkl") }
    #expect(error.problem.contains("asks for posix.system") && error.problem.contains("nothing was executed"))
    #expect(!FileManager.default.fileExists(atPath: "executed"))
    // PyTorch's tensors have no business here, and arrays none in weights.
    let malicious = try dataError(Golden.path("malicious.pkl")) { try table("malicious.pkl") }
    #expect(malicious.problem.contains("nothing was executed"))
    let weights = try dataError(Golden.path("features-4.pkl")) { try WeightFile.read(Golden.path("features-4.pkl")) }
    #expect(weights.kind == .data)
    let objects = try dataError(Golden.path("objects.pkl")) { try table("objects.pkl") }
    #expect(objects.problem.contains("Python objects"))
    let ascii = try dataError(Golden.path("ascii.pkl")) { try table("ascii.pkl") }
    #expect(ascii.remedy?.contains("protocol=4") == true)
  }

  /// A text that becomes bytes again and again, out of a file of a few hundred bytes.
  @Test func encodedBytesAreBounded() throws {
    var pickle = Data([0x80, 2, UInt8(ascii: "]")])
    pickle += Data("c_codecs\nencode\nq\u{01}".utf8)
    pickle += Data([UInt8(ascii: "0"), UInt8(ascii: "X"), 100, 0, 0, 0]) + Data(repeating: 0x61, count: 100)
    pickle += Data([UInt8(ascii: "q"), 2, UInt8(ascii: "0")])
    for _ in 0..<400 { pickle += Data([UInt8(ascii: "h"), 1, UInt8(ascii: "h"), 2, 0x85, UInt8(ascii: "R"), UInt8(ascii: "a")]) }
    pickle += Data(".".utf8)
    let scratch = try Scratch()
    let path = try scratch.write(pickle, "bomb.pkl")
    #expect(try dataError(path) { try PickleTable.read(path) }.problem.contains("over and over"))
  }

  @Test func cutOffAndChangedFiles() throws {
    let scratch = try Scratch()
    for name in ["features-2.pkl", "features-5.pkl", "features-python2.pkl"] {
      let whole = try Golden.data(name)
      for length in 0..<whole.count {
        let path = try scratch.write(whole.prefix(length))
        _ = try dataError(path) { try PickleTable.read(path) }
      }
      for seed in 0..<500 as Range<UInt64> {
        var generator = SeededGenerator(seed: seed)
        var data = whole
        for _ in 0..<Int.random(in: 1...8, using: &generator) {
          data[Int.random(in: 0..<data.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
        }
        let path = try scratch.write(data)
        do {
          _ = try PickleTable.read(path).arrays()
        } catch let error as IeumError {
          #expect(error.kind == .data, "seed \(seed)")
        }
      }
    }
  }

  @Test func arraysOfTheirOwn() throws {
    let whole = try NumpyArray.read(Golden.path("c-f4.npy"))
    #expect(try NumpyArray.shape(of: Golden.path("c-f4.npy")) == whole.shape && whole.values.count == whole.shape.reduce(1, *))
    let path = try Golden.path("glove.txt")
    _ = try dataError(path) { try NumpyArray.read(path) }
  }
}
