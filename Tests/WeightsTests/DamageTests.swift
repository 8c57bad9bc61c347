import Basics
import Foundation
import Testing
import Weights

/// Cut-off and changed files: an error of kind data or a result, never a trap.
@Suite struct DamageTests {
  private static let strictFiles = [
    "plain.safetensors", "zip.pth", "zip64.pth", "legacy.pth", "malicious.pth",
  ]
  private static let vectorFiles = [
    "word2vec.bin", "word2vec-joined.bin", "word2vec.txt", "glove.txt", "c-f4.npy", "fortran-f8.npy",
    "f2.npy",
  ]

  @Test(arguments: strictFiles)
  func everyTruncationIsRefused(name: String) throws {
    let scratch = try Scratch()
    let whole = try Golden.data(name)
    for length in 0..<whole.count {
      let path = try scratch.write(whole.prefix(length))
      _ = try dataError(path) { try WeightFile.read(path) }
    }
  }

  @Test(arguments: ["word2vec.bin", "word2vec.txt", "c-f4.npy", "fortran-f8.npy", "f2.npy"])
  func everyTruncationOfVectorsIsRefused(name: String) throws {
    let scratch = try Scratch()
    let whole = try Golden.data(name)
    let vocabulary = name.hasSuffix("npy") ? try Golden.path("vocabulary.txt") : nil
    // The last line feed may be missing, and the last digits of a text cannot be missed.
    let ending = name.hasSuffix("txt") ? 24 : name.hasSuffix("bin") ? 1 : 0
    for length in 0..<whole.count - ending {
      let path = try scratch.write(whole.prefix(length))
      _ = try dataError(path) { try WordVectors.read(path, vocabulary: vocabulary) }
    }
  }

  @Test(arguments: ["keras-weights.h5", "keras-model.h5"])
  func truncatedKerasFilesAreRefused(name: String) throws {
    let scratch = try Scratch()
    let whole = try Golden.data(name)
    for length in stride(from: 0, to: whole.count, by: 97) {
      let path = try scratch.write(whole.prefix(length))
      #expect(throws: IeumError.self) { try WeightFile.read(path) }
    }
  }

  @Test(arguments: strictFiles + ["nested.pth", "protocol4.pth", "big-endian.pth"])
  func changedBytesNeverTrap(name: String) throws {
    try flip(name) { try WeightFile.read($0).tensors.forEach { _ = try $0.floats() } }
  }

  @Test(arguments: vectorFiles)
  func changedBytesOfVectorsNeverTrap(name: String) throws {
    let vocabulary = name.hasSuffix("npy") ? try Golden.path("vocabulary.txt") : nil
    try flip(name) { _ = try WordVectors.read($0, vocabulary: vocabulary) }
  }

  /// 500 seeds, one to eight bytes changed each; anything but an ``IeumError`` fails.
  private func flip(_ name: String, _ read: (String) throws -> Void) throws {
    let scratch = try Scratch()
    let whole = try Golden.data(name)
    for seed in 0..<500 as Range<UInt64> {
      var generator = SeededGenerator(seed: seed)
      var data = whole
      for _ in 0..<Int.random(in: 1...8, using: &generator) {
        data[Int.random(in: 0..<data.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
      }
      let path = try scratch.write(data)
      do {
        try read(path)
      } catch let error as IeumError {
        #expect(error.kind == .data, "seed \(seed)")
      }
    }
  }
}
