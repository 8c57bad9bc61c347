import Basics
import FlyingFox
import Foundation
import Search

/// The parameters of `/api/search`: `q`, `like` (repeatable), `k`, `dataset`, `film`, `language`, `shortest`, `longest`,
/// `textWeight`, `likeWeight`, `uploadWeight`.
struct RequestedSearch: Sendable {
  var parts: [(part: SearchQuery.Part, weight: Double)] = []
  var k = 24
  var filter = SearchFilter()
  var uploadWeight = 1.0

  /// - Throws: ``Refusal`` for an unknown parameter or a value that is none.
  init(_ request: HTTPRequest) throws {
    var (textWeight, likeWeight) = (1.0, 1.0)
    var (texts, items): ([String], [String]) = ([], [])
    func number(_ item: HTTPRequest.QueryItem) throws -> Double {
      guard let value = Double(item.value), value.isFinite else {
        throw Refusal(.badRequest, "'\(item.name)' must be a number")
      }
      return value
    }
    for item in request.query where !item.value.isEmpty {
      guard item.value.utf8.count <= 4000 else { throw Refusal(.badRequest, "'\(item.name)' is too long") }
      switch item.name {
      case "q": texts.append(item.value)
      case "like": items.append(item.value)
      case "k":
        guard let value = Int(item.value), (1...200).contains(value) else {
          throw Refusal(.badRequest, "'k' must be 1…200")
        }
        k = value
      case "dataset": filter.dataset = item.value
      case "film": filter.film = item.value
      case "language": filter.language = item.value
      case "shortest": filter.shortest = try number(item)
      case "longest": filter.longest = try number(item)
      case "textWeight": textWeight = try number(item)
      case "likeWeight": likeWeight = try number(item)
      case "uploadWeight": uploadWeight = try number(item)
      default: throw Refusal(.badRequest, "the parameter '\(item.name)' is unknown")
      }
    }
    for text in texts { parts.append((.text(text), textWeight)) }
    for item in items { parts.append((.like(item), likeWeight)) }
    if parts.isEmpty, request.method == .GET {
      throw Refusal(.badRequest, "there is nothing to look for; give 'q' or 'like', or POST a picture, a clip or a sound")
    }
  }
}
