import Basics
import Datasets
import HDF5
import Testing

@Suite struct StoreEmbeddingTests {
  let scratch: StoreScratch

  init() throws { scratch = try StoreScratch() }

  private func forged(_ change: (HDF5File) throws -> Void) throws -> IeumError? {
    let path = scratch.file("forged.h5")
    let file = try HDF5File(creating: path)
    try change(file)
    try file.close()
    return refusal { try EmbeddingFile.read(path) }
  }

  private func vectors(_ file: HDF5File) throws {
    try file.write("queries", doubles: [1, 2, 3, 4], shape: [2, 2])
    try file.write("gallery", floats: [1, 2, 3, 4, 5, 6], shape: [3, 2])
  }

  @Test func anEmbeddingFileComesBack() throws {
    let path = scratch.file("e.h5")
    let made = EmbeddingFile(
      queries: [1, 2, 3, 4], gallery: [5, 6, 7, 8, 9, 10], dimension: 2, relevant: [[0, 2], [1]],
      queryIDs: ["a", "b"],
      galleryIDs: ["x", "y", "z"], exclude: [-1, 0])
    try made.write(to: path)
    let read = try EmbeddingFile.read(path)
    #expect(read.queries == made.queries && read.gallery == made.gallery && read.dimension == 2)
    #expect(read.relevanceOffsets == [0, 2, 3] && read.relevantRows == [0, 2, 1])
    #expect(read.queryIDs == ["a", "b"] && read.galleryIDs == ["x", "y", "z"] && read.exclude == [-1, 0])
    #expect(read.queryCount == 2 && read.galleryCount == 3)
    #expect(scratch.names == ["e.h5"])
  }

  @Test func oneRelevantRowPerQueryIsRead() throws {
    let path = scratch.file("s.h5")
    let file = try HDF5File(creating: path)
    try vectors(file)
    try file.write("relevance", ints: [2, 0], shape: [2])
    try file.close()
    let read = try EmbeddingFile.read(path)
    #expect(read.relevanceOffsets == [0, 1, 2] && read.relevantRows == [2, 0])
    #expect(read.queries == [1, 2, 3, 4] && read.queryIDs == nil && read.exclude == nil)
  }

  @Test func badFilesAreRefusedWithThePlace() throws {
    let missing = try forged { try vectors($0) }
    #expect(missing?.problem.contains("relevance") == true)
    let range = try forged {
      try vectors($0)
      try $0.write("relevance", ints: [0, 3], shape: [2])
    }
    #expect(range?.place == "relevance[1]")
    let count = try forged {
      try vectors($0)
      try $0.write("relevance", ints: [0], shape: [1])
    }
    #expect(count?.place == "relevance")
    let width = try forged {
      try $0.write("queries", floats: [1, 2, 3], shape: [1, 3])
      try $0.write("gallery", floats: [1, 2], shape: [1, 2])
    }
    #expect(width?.place == "gallery")
    let nan = try forged {
      try $0.write("queries", floats: [1, 2, 3, .infinity], shape: [2, 2])
    }
    #expect(nan?.place == "queries[1]")
    let pointers = try forged {
      try vectors($0)
      try $0.write("relevance/indptr", ints: [0, 2, 1], shape: [3])
      try $0.write("relevance/indices", ints: [0, 1], shape: [2])
    }
    #expect(pointers?.place == "relevance/indptr")
    let floats = try forged {
      try vectors($0)
      try $0.write("relevance", floats: [0, 1], shape: [2])
    }
    #expect(floats?.problem.contains("integers") == true)
    let exclude = try forged {
      try vectors($0)
      try $0.write("relevance", ints: [0, 1], shape: [2])
      try $0.write("exclude", ints: [-2, 0], shape: [2])
    }
    #expect(exclude?.place == "exclude[0]")
  }
}
