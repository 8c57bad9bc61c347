import Basics
import Datasets
import Foundation

/// Makes a feature file of features that another program computed: `ieum eval` ranks it, the encoder `stored` trains on
/// it.
public struct FeatureImport {
  public enum Source {
    /// A pickle of id → array (MoEE, collaborative-experts), a `.npy` with its list of ids, or a folder of HDF5 files,
    /// one a video (MMT).
    case path(String, ids: String? = nil, expert: String? = nil)
    /// The arrays of dataset `precomputed`.
    case dataset(Dataset)
  }

  private let source: Source
  private let name: String
  private let modality: FeatureAttributes.Modality

  /// - Parameter name: of the program or network that made them, for the record.
  public init(_ source: Source, name: String, modality: FeatureAttributes.Modality) {
    (self.source, self.name, self.modality) = (source, name, modality)
  }

  /// - Returns: the file. Items without features, or with values that are not finite, are among its errors.
  /// - Throws: ``IeumError``: usage for a source that lacks its ids or its expert; data for a damaged source, and for
  ///   vectors of several lengths.
  public func write(to path: String) throws -> FeatureFile {
    let (features, dataset) = try read()
    guard let dimension = features.dimension else {
      throw IeumError(.data, "holds no vectors", file: features.path, remedy: "import another file")
    }
    let attributes = FeatureAttributes(
      modality: modality, dataset: dataset?.name ?? "", datasetDigest: dataset?.digest ?? "", encoder: name,
      encoderDigest: Digest.of("imported 1 \(name) \(features.digest)"), dimension: dimension)
    let writer = try FeatureWriter(path, attributes: attributes, sequences: features.hasSequences)
    for row in features.rows where !writer.finishedIDs.contains(row.id) {
      if row.values.isEmpty {
        try writer.fail(row.id, "the file holds nothing for it")
      } else if features.hasSequences {
        try writer.append(row.id, frames: row.values)
      } else {
        try writer.append([row.id], features: row.values)
      }
    }
    return try writer.finish(order: features.rows.map(\.id))
  }

  private func read() throws -> (ForeignFeatures, Dataset?) {
    switch source {
    case .dataset(let dataset): return (try .rows(of: dataset), dataset)
    case .path(let path, let ids, let expert):
      var isFolder: ObjCBool = false
      if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
        return (try .folder(path, expert: expert), nil)
      }
      return (try .file(path, ids: ids), nil)
    }
  }
}
