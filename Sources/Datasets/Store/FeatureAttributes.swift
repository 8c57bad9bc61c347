import Basics
import HDF5

/// The root attributes of a feature file: what the rows are and what they were made from.
public struct FeatureAttributes: Sendable, Hashable, Codable {
  public enum Modality: String, Sendable, Codable, CaseIterable { case text, image, audio, video }

  static let format = "ieum-features"
  static let formatVersion = 1

  public let modality: Modality
  /// Name and digest of the dataset; empty for loose files.
  public let dataset: String
  public let datasetDigest: String
  /// Registered name of the encoder, and the digest over its weights, preprocessing and code version.
  public let encoder: String
  public let encoderDigest: String
  /// Numbers in a row.
  public let dimension: Int

  public init(
    modality: Modality, dataset: String, datasetDigest: String, encoder: String, encoderDigest: String,
    dimension: Int
  ) {
    self.modality = modality
    self.dataset = dataset
    self.datasetDigest = datasetDigest
    self.encoder = encoder
    self.encoderDigest = encoderDigest
    self.dimension = dimension
  }

  /// Reads and checks the attributes of an open file.
  init(from file: HDF5File) throws {
    func need<T>(_ value: T?, _ name: String) throws -> T {
      guard let value else {
        throw IeumError(
          .data, "the root attribute '\(name)' is missing, so this is no feature file", file: file.path,
          remedy: "make it with 'ieum features extract' or 'ieum encode'")
      }
      return value
    }
    let format = try need(file.stringAttribute("format"), "format")
    let version = try need(file.intAttribute("format_version"), "format_version")
    guard format == FeatureAttributes.format, version == FeatureAttributes.formatVersion else {
      throw IeumError(
        .data, "is of format '\(format)' version \(version), not '\(FeatureAttributes.format)' version 1",
        file: file.path, remedy: "make it again with this version of ieum")
    }
    let modality = try need(file.stringAttribute("modality"), "modality")
    guard let known = Modality(rawValue: modality) else {
      throw IeumError(
        .data, "the modality '\(modality)' is unknown", file: file.path,
        remedy: "known: \(Modality.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    self.init(
      modality: known,
      dataset: try need(file.stringAttribute("dataset"), "dataset"),
      datasetDigest: try need(file.stringAttribute("dataset_digest"), "dataset_digest"),
      encoder: try need(file.stringAttribute("encoder"), "encoder"),
      encoderDigest: try need(file.stringAttribute("encoder_digest"), "encoder_digest"),
      dimension: try need(file.intAttribute("dimension"), "dimension"))
  }

  func write(to file: HDF5File, complete: Bool) throws {
    try file.setAttribute("format", FeatureAttributes.format)
    try file.setAttribute("format_version", FeatureAttributes.formatVersion)
    try file.setAttribute("modality", modality.rawValue)
    try file.setAttribute("dataset", dataset)
    try file.setAttribute("dataset_digest", datasetDigest)
    try file.setAttribute("encoder", encoder)
    try file.setAttribute("encoder_digest", encoderDigest)
    try file.setAttribute("dimension", dimension)
    try file.setAttribute("complete", complete ? 1 : 0)
  }
}

/// An item that could not be encoded, and why.
public struct EncodingFailure: Sendable, Hashable, Codable {
  public let id: String
  public let message: String

  public init(id: String, message: String) {
    self.id = id
    self.message = message
  }
}
