import Basics
import Foundation
import Testing
import Weights

@Suite struct WeightFileTests {
  @Test(arguments: [
    ("plain.safetensors", WeightFile.Format.safetensors), ("zip.pth", .pytorchZip),
    ("zip64.pth", .pytorchZip),
    ("protocol4.pth", .pytorchZip), ("nested.pth", .pytorchZip), ("module.pth", .pytorchZip),
    ("big-endian.pth", .pytorchZip), ("script.pt", .pytorchZip), ("traced.pt", .pytorchZip),
    ("legacy.pth", .pytorchLegacy), ("keras-weights.h5", .kerasHDF5),
    ("keras-model.h5", .kerasHDF5), ("keras-chunked.h5", .kerasHDF5),
  ])
  func readsWhatTheOriginalLibraryReads(name: String, format: WeightFile.Format) throws {
    let path = try Golden.path(name)
    let file = try WeightFile.read(path)
    #expect(try WeightFile.format(of: path) == format)
    try expectEqual(file.tensors, Golden.expected(name))
    #expect(try file.digest == Digest.ofFile(path))
    #expect(file.path == path)
  }

  @Test(arguments: [
    ("malicious-script.pt", "only plain tensors are read; nothing was executed"),
    ("circular-script.pt", "nests its modules without end"),
  ])
  func refusesScriptsThatAskForMore(name: String, problem: String) throws {
    let path = try Golden.path(name)
    #expect(try dataError(path) { try WeightFile.read(path) }.problem.contains(problem))
    #expect(!FileManager.default.fileExists(atPath: "/tmp/ieum-pwned"))
  }

  @Test func tellsTheFormatByContentNotByName() throws {
    let scratch = try Scratch()
    let path = try scratch.write(Golden.data("legacy.pth"), "weights.safetensors")
    try expectEqual(WeightFile.read(path).tensors, Golden.expected("legacy.pth"))
  }

  @Test func keepsSafetensorsMetadata() throws {
    let file = try WeightFile.read(Golden.path("plain.safetensors"))
    #expect(file.metadata == ["format": "pt", "note": "한글 \"q\"\n"])
  }

  @Test func findsATensorByName() throws {
    let file = try WeightFile.read(Golden.path("zip.pth"))
    #expect(file.tensor("slice")?.shape == [3, 2])
    #expect(file.tensor("Slice") == nil)
  }

  @Test func missingEmptyAndForeignFiles() throws {
    let scratch = try Scratch()
    let missing = scratch.folder + "/none"
    #expect(try dataError(missing) { try WeightFile.read(missing) }.problem == "does not exist")
    #expect(
      try dataError(scratch.folder) { try WeightFile.read(scratch.folder) }.problem.contains("regular file"))
    for (text, word) in [
      ("", "empty"), ("version https://git-lfs.github.com/spec/v1\noid", "Git LFS"),
      ("<!DOCTYPE html><html>", "web page"), ("hello", "is not a weight file"),
    ] {
      let path = try scratch.write(text)
      #expect(try dataError(path) { try WeightFile.read(path) }.problem.contains(word))
    }
    let vectors = try Golden.path("c-f4.npy")
    #expect(try dataError(vectors) { try WeightFile.read(vectors) }.problem.contains("NumPy"))
    let other = try Golden.path("other.h5")
    #expect(try dataError(other) { try WeightFile.read(other) }.problem.contains("not Keras weights"))
  }

  @Test(arguments: [
    ("malicious.pth", "system"), ("malicious-legacy.pth", "eval"), ("malicious.pkl", "system"),
    ("whole-module.pth", "torch.nn.modules.linear.Linear"),
  ])
  func refusesToBuildAnythingButTensors(name: String, asked: String) throws {
    let path = try Golden.path(name)
    let error = try dataError(path) { try WeightFile.read(path) }
    #expect(error.problem.contains("asks for ") && error.problem.contains(asked))
    #expect(error.problem.contains("only plain tensors are read; nothing was executed"))
    #expect(error.place?.contains("byte") == true)
    #expect(!FileManager.default.fileExists(atPath: "executed"))
  }

  @Test func refusesUnreadElementTypesAndExpandedTensors() throws {
    let short = try Golden.path("short.pth")
    #expect(try dataError(short) { try WeightFile.read(short) }.problem.contains("torch.ShortStorage"))
    let expanded = try Golden.path("expanded.pth")
    #expect(try dataError(expanded) { try WeightFile.read(expanded) }.remedy?.contains("contiguous") == true)
  }

  @Test func changedBytesOfAZipEntryAreNoticed() throws {
    var data = try Golden.data("big-endian.pth")
    let found = try #require(data.range(of: Data([0xc0, 0x20, 0, 0])))  // -2.5, big endian
    data[found.lowerBound + 3] = 1
    let scratch = try Scratch()
    let path = try scratch.write(data)
    #expect(try dataError(path) { try WeightFile.read(path) }.problem.contains("checksum"))
  }

  @Test(arguments: ["state_dict", "model", "module"])
  func bareLegacyPickleUnderAWrapperKey(key: String) throws {
    // 'state_dict' -> a dict without tensors: the keys that are there are named.
    var pickle = Data([0x80, 0x02]) + Data("}X".utf8)
    pickle += withUnsafeBytes(of: UInt32(key.utf8.count).littleEndian) { Data($0) } + Data(key.utf8)
    pickle += Data("}X".utf8) + Data([1, 0, 0, 0]) + Data("aK".utf8) + Data([5]) + Data("ss.".utf8)
    let magic = Data([0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e])
    let head = magic + Data([0x80, 2, 0x4d, 0xe9, 3, 0x2e, 0x80, 2, 0x7d, 0x2e])
    let scratch = try Scratch()
    let path = try scratch.write(head + pickle + Data([0x80, 2]) + Data("].".utf8))
    #expect(try dataError(path) { try WeightFile.read(path) }.problem == "holds no tensors under 'a'")
  }
}
