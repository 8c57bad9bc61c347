import Basics
import Foundation
import Ranking

extension CellResult {
  /// Fills ``summary`` from ``metrics``.
  public mutating func summarise() {
    summary = metrics.compactMapValues { Spread(of: $0) }
  }

  /// Writes the summary and the file `<folder>/result.json`, whole or not at all.
  /// - Throws: ``IeumError``: data for a value that is not finite, system when the disk refuses.
  public func write(toFolder folder: String) throws {
    var whole = self
    whole.summarise()
    let path = folder + "/result.json"
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let data: Data
    do {
      data = try encoder.encode(whole)
    } catch {
      throw IeumError(
        .data, "holds a number that is not finite", file: path, place: "cell \(id)",
        remedy: "look at the cell's training log")
    }
    try AtomicFile.write(data + Data("\n".utf8), to: path)
  }

  /// Reads one `result.json`.
  /// - Throws: ``IeumError`` (data) naming the file and the key that is missing or wrong.
  public static func read(_ path: String) throws -> CellResult {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw IeumError(.data, "cannot be read", file: path, remedy: "run the experiment first")
    }
    do {
      var cell = try JSONDecoder().decode(CellResult.self, from: data)
      guard cell.schemaVersion <= currentSchemaVersion else {
        throw IeumError(
          .data, "is of the newer schema version \(cell.schemaVersion)", file: path, remedy: "update ieum")
      }
      if cell.summary.isEmpty { cell.summarise() }
      return cell
    } catch let error as DecodingError {
      throw IeumError(
        .data, "is not a cell's result", file: path, place: error.place,
        remedy: "delete the cell's folder and run the experiment again")
    }
  }
}

extension DecodingError {
  /// The path of the key that could not be decoded.
  var place: String? {
    switch self {
    case .keyNotFound(let key, let context): Self.joined(context.codingPath + [key])
    case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
      Self.joined(context.codingPath)
    @unknown default: nil
    }
  }

  private static func joined(_ path: [CodingKey]) -> String? {
    path.isEmpty ? nil : "key \(path.map(\.stringValue).joined(separator: "."))"
  }
}
