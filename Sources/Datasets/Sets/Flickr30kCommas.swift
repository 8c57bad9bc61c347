import Basics
import Foundation

/// `flickr30k_test_karpathy.txt` of CLIP_benchmark: a line of column names, then `FILE.jpg,SENTENCE`. Sentences hold
/// commas and are not quoted, so that no reader of CSV takes them: the first `.jpg,` ends the name.
struct Flickr30kCommas {
  let path: String
  /// Pictures in the order of the file.
  private(set) var ids: [String] = []
  /// Picture → its sentences in the order of the file.
  private(set) var captions: [String: [String]] = [:]

  /// - Parameter unrelated: sentences to leave out, by picture and number from 0.
  /// - Throws: ``IeumError`` (data) naming the line that has another form.
  init(_ path: String, without unrelated: [String: Set<Int>] = [:]) throws {
    self.path = path
    var all: [String: [String]] = [:]
    for (line, text) in try TextLines.read(path).dropFirst() where !KeyedTable.normal(text).isEmpty {
      guard let end = text.range(of: ".jpg,"), end.lowerBound != text.startIndex else {
        throw IeumError(
          .data, "is not FILE.jpg, a comma and a sentence", file: path, place: "line \(line)",
          remedy: "put CLIP_benchmark's flickr30k_test_karpathy.txt there")
      }
      let id = KeyedTable.normal(String(text[..<end.lowerBound]))
      if all[id] == nil { ids.append(id) }
      all[id, default: []].append(KeyedTable.normal(String(text[end.upperBound...])))
    }
    guard !ids.isEmpty else {
      throw IeumError(.data, "holds no pictures", file: path, remedy: "put CLIP_benchmark's flickr30k_test_karpathy.txt there")
    }
    for (id, sentences) in all {
      captions[id] = sentences.enumerated().filter { unrelated[id]?.contains($0.offset) != true && !$0.element.isEmpty }
        .map(\.element)
    }
  }
}
