import Basics
import Datasets
import Foundation
import HDF5
import Testing

/// Damaged HDF5 files, which libhdf5 itself falls over: the program ends with a clear error, never by a signal.
@Suite struct DamagedContainerTests {
  private let folder: TestFolder
  private let whole: Data

  init() throws {
    folder = try TestFolder()
    var generator = SeededGenerator(seed: 1)
    let vectors = (0..<80).map { _ in Float(generator.uniform()) }
    try EmbeddingFile(
      queries: vectors, gallery: vectors, dimension: 4, relevant: (0..<20).map { [$0] },
      queryIDs: (0..<20).map { "query \($0)" }, galleryIDs: (0..<20).map { "item \($0)" }
    ).write(to: folder.file("whole.h5"))
    whole = try Data(contentsOf: URL(fileURLWithPath: folder.file("whole.h5")))
  }

  /// A copy with some bytes flipped, or cut off.
  private func damaged(_ seed: UInt64) throws -> String {
    var generator = SeededGenerator(seed: seed, purpose: "damage")
    var data = whole
    if seed % 8 == 7 {
      data = data.prefix(Int(generator.uniform() * Double(data.count)))
    } else {
      for _ in 0..<(1 + seed % 3 * 8) {
        data[Int(generator.uniform() * Double(data.count))] ^= UInt8(truncatingIfNeeded: 1 + generator.next() % 255)
      }
    }
    let path = folder.file("damaged-\(seed).h5")
    try data.write(to: URL(fileURLWithPath: path))
    return path
  }

  /// In this process: a crash here would end the tests.
  @Test func readingEndsWithDataOrAnError() throws {
    var refused: [String] = []
    for seed in 0..<200 as Range<UInt64> {
      let path = try damaged(seed)
      do { _ = try EmbeddingFile.read(path) } catch let error as IeumError {
        #expect(error.kind == .data && error.file == path, "\(seed): \(error)")
        refused.append(error.problem)
      }
      unlink(path)
    }
    #expect(refused.count > 80)
    // The seeds reach what the child process and the look at the heaps are for.
    #expect(refused.contains { $0.hasPrefix("is a damaged HDF5 file") })
    #expect(refused.contains { $0.contains("its heap does not hold") })
    #expect(try EmbeddingFile.read(folder.file("whole.h5")).queryCount == 20)
  }

  @Test func evalEndsWithItsStatus() throws {
    for seed in 0..<24 as Range<UInt64> {
      let run = try Program("eval", try damaged(seed), "--json")
      #expect([0, 65].contains(run.status), "\(seed): \(run.status) \(run.errors)")
      #expect(run.status == 0 || run.errors.hasPrefix("ieum: "), "\(run.errors)")
    }
  }
}
