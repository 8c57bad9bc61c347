import Basics
import Foundation

/// `UNRELATED_CAPTIONS` of Flickr30k Entities: sentences that do not tell of their picture, an incomplete list by its
/// authors' own account. Left out on demand alone, in training and evaluation; the split is then called `…-related`.
struct Flickr30kUnrelated {
  static let file = "UNRELATED_CAPTIONS"

  /// Picture → numbers of its sentences from 0, as the token file counts.
  let numbers: [String: Set<Int>]

  /// Behind the name of a split that lacks them.
  static func mark(_ options: DatasetOptions) -> String { options.dropUnrelated ? "-related" : "" }

  /// Reads `PICTURE NUMBER` lines, the number from 1 to 5; lines that begin with `#` are remarks.
  /// - Throws: ``IeumError`` (data) naming the line: another form, a number out of range, an entry that comes twice.
  static func read(_ path: String) throws -> Flickr30kUnrelated {
    guard FileManager.default.fileExists(atPath: path) else {
      throw IeumError(
        .data, "is missing", file: path, place: "option dropUnrelated",
        remedy: "put the file of Flickr30k Entities there, or leave the option out")
    }
    var numbers: [String: Set<Int>] = [:]
    for (line, text) in try TextLines.read(path) {
      func error(_ problem: String) -> IeumError {
        IeumError(.data, problem, file: path, place: "line \(line)", remedy: "put the published file there")
      }
      let fields = KeyedTable.normal(text).split(separator: " ", omittingEmptySubsequences: true)
      guard let first = fields.first, !first.hasPrefix("#") else { continue }
      guard fields.count == 2, let number = Int(fields[1]) else { throw error("is not 'PICTURE NUMBER'") }
      guard (1...5).contains(number) else { throw error("sentence \(number) is not one of 1 to 5") }
      guard numbers[String(first), default: []].insert(number - 1).inserted else {
        throw error("sentence \(number) of '\(first)' comes twice")
      }
    }
    guard !numbers.isEmpty else {
      throw IeumError(.data, "lists no sentences", file: path, remedy: "put the published file there")
    }
    return Flickr30kUnrelated(numbers: numbers)
  }

  /// - Parameter pictures: those that the annotation file has.
  func notes(_ pictures: Set<String>) -> [String] {
    let listed = numbers.values.reduce(0) { $0 + $1.count }
    let strangers = numbers.filter { !pictures.contains($0.key) }.values.reduce(0) { $0 + $1.count }
    return ["\(listed - strangers) of \(listed) sentences of \(Self.file) are left out"]
  }
}
