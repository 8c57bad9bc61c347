/// One modality of a cell of towers, found but not computed.
protocol TowerSide: Sendable {
  /// SHA-256 over encoder, weights, settings and code version; the datasets are counted elsewhere.
  var digest: String { get }
  /// What of it a training depends on that reads these datasets, by their places; the others are only ranked.
  func digest(reading places: [Int]) -> String
  var weightsDigest: String { get }
  /// Footnotes on its weights.
  var notes: [String] { get }
  /// The feature files it reads; empty where it is trained from pixels, sound or words.
  var featurePaths: [String] { get }
  /// The items of all datasets, features extracted first where they are missing.
  func inputs(_ progress: Progress) throws -> any TowerInputs
}

extension TowerSide {
  func digest(reading places: [Int]) -> String { digest }
}
