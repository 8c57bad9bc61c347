import Basics
import Foundation

/// Annotation files in JSON: strict UTF-8, and a message that names the entry where a field is missing.
enum AnnotationJSON {
  /// - Throws: ``IeumError`` (data): unreadable, not UTF-8, not JSON, a field missing or of another type (the place is
  ///   the path of the entry, such as `sentences[3].caption`).
  static func read<T: Decodable>(_ type: T.Type, _ path: String, remedy: String) throws -> T {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw IeumError(.data, "cannot be read", file: path, remedy: "put the file there, readable")
    }
    if data.starts(with: [0xFE, 0xFF]) || data.starts(with: [0xFF, 0xFE]) {
      throw IeumError(.data, "is UTF-16", file: path, remedy: "save the file as UTF-8")
    }
    do {
      return try JSONDecoder().decode(type, from: Data(try StrictText.bytes(data, path)))
    } catch let error as DecodingError {
      throw explained(error, path, remedy)
    }
  }

  private static func explained(_ error: DecodingError, _ path: String, _ remedy: String) -> IeumError {
    switch error {
    case .keyNotFound(let key, let context):
      let entry = place(context.codingPath)
      return IeumError(
        .data, "the field '\(key.stringValue)' is missing", file: path, place: entry.isEmpty ? nil : entry, remedy: remedy)
    case .typeMismatch(let type, let context), .valueNotFound(let type, let context):
      let entry = place(context.codingPath)
      return IeumError(.data, "is not a \(name(type))", file: path, place: entry.isEmpty ? nil : entry, remedy: remedy)
    case .dataCorrupted(let context):
      let entry = place(context.codingPath)
      return IeumError(
        .data, "is not valid JSON", file: path, place: entry.isEmpty ? nil : entry,
        remedy: "it may be cut short: copy it again")
    @unknown default:
      return IeumError(.data, "cannot be read", file: path, remedy: remedy)
    }
  }

  private static func place(_ path: [any CodingKey]) -> String {
    path.reduce(into: "") { text, key in
      if let index = key.intValue { text += "[\(index)]" } else { text += (text.isEmpty ? "" : ".") + key.stringValue }
    }
  }

  private static func name(_ type: Any.Type) -> String {
    switch type {
    case is String.Type: "text"
    case is Int.Type, is Double.Type: "number"
    default: "\(type)".contains("Array") ? "list" : "record"
    }
  }
}
