import Basics
import Datasets
import Foundation
import Testing

/// Files that h5py wrote (scripts/golden/hdf5.py): big-endian, half precision, compressed, fixed-length strings.
@Suite struct StoreForeignTests {
  private func golden(_ name: String) throws -> String {
    try #require(Bundle.module.url(forResource: name, withExtension: "h5", subdirectory: "Golden")).path
  }

  @Test func embeddingsOfAnotherProgramAreRead() throws {
    let file = try EmbeddingFile.read(golden("h5py-embeddings"))
    #expect(file.queries == [1.5, -2, 0.25, 4] && file.gallery == [0, 1, 2, 3, 4, 5] && file.dimension == 2)
    #expect(file.relevanceOffsets == [0, 2, 3] && file.relevantRows == [2, 0, 1])
    #expect(file.queryIDs == ["a", "bcd"] && file.galleryIDs == ["가", "나나", ""] && file.exclude == [-1, 2])
  }

  @Test func featuresOfAnotherProgramAreRead() throws {
    let file = try FeatureFile.read(golden("h5py-features"))
    #expect(file.ids == ["하나", "two"] && file.features == [1, 2, 3, -0.5, 65504, 0])
    #expect(file.attributes.encoderDigest == "abc" && file.attributes.modality == .text)
    #expect(file.errors.isEmpty)
  }
}
