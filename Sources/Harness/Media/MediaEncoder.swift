import Basics
import Datasets

/// Turns films or sounds into vectors.
protocol MediaEncoder {
  var name: String { get }
  var modality: FeatureAttributes.Modality { get }
  /// Length of a vector.
  var dimension: Int { get }
  /// Names all that the vectors depend on besides the files.
  var digest: String { get }
  /// Whether an item gives a sequence of vectors, or one.
  var isSequence: Bool { get }

  /// Vectors of some items, one after the other, or why there are none.
  /// - Parameter shares: takes note of the time that decoding took.
  func encode(_ parts: [MediaPart], _ shares: inout WaitingShares) -> [Result<[Float], any Error>]
}

extension MediaEncoder {
  /// Encodes what a feature file lacks; goes on where an interrupted extraction stopped.
  func fill(_ writer: FeatureWriter, _ parts: [MediaPart], progress: Progress) throws {
    let todo = parts.filter { !writer.finishedIDs.contains($0.id) }
    let group = 8
    // Only the jobs touch the writer until they are finished.
    nonisolated(unsafe) let unsafeWriter = writer
    let isSequence = isSequence
    let writing = Behind()
    defer { writing.drain() }
    var shares = WaitingShares()
    for start in stride(from: 0, to: todo.count, by: group) {
      let piece = Array(todo[start..<min(start + group, todo.count)])
      let results = encode(piece, &shares)
      try shares.write {
        try writing.add {
          for (part, result) in zip(piece, results) {
            switch result {
            case .success(let vectors) where isSequence: try unsafeWriter.append(part.id, frames: vectors)
            case .success(let vector): try unsafeWriter.append([part.id], features: vector)
            case .failure(let error): try unsafeWriter.fail(part.id, "\(error)")
            }
          }
          try unsafeWriter.flush()
        }
      }
      progress.advance(piece.count)
    }
    try shares.write { try writing.finish() }
    if !todo.isEmpty { progress.note("\(name): \(shares.summary(items: todo.count))") }
  }

  /// Extracts the feature file of a dataset.
  func file(for dataset: Dataset, parts: [MediaPart], at path: String, progress: Progress) throws
    -> FeatureFile
  {
    let writer = try FeatureWriter(
      path,
      attributes: FeatureAttributes(
        modality: modality, dataset: dataset.name, datasetDigest: dataset.digest, encoder: name,
        encoderDigest: digest,
        dimension: dimension),
      sequences: isSequence)
    progress.start("\(dataset.name) → \(name)", total: parts.count)
    try fill(writer, parts, progress: progress)
    progress.finish()
    return try writer.finish(order: parts.map(\.id))
  }
}
