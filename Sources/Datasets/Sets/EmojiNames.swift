import Basics
import Foundation

/// What Unicode's Common Locale Data Repository calls the emoji in one language.
///
/// - Source: Unicode Technical Standard 35, part 2, "Annotations": `<annotation cp="🐶">dog | face | pet</annotation>`
///   holds keywords, `type="tts"` the name.
public struct EmojiNames {
  /// Character or sequence → its name, then its keywords in one line.
  public let captions: [String: [String]]

  /// - Throws: ``IeumError`` (data) for a file that is missing, is not UTF-8 or holds no annotations.
  public init(path: String) throws {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw IeumError(
        .data, "cannot be read", file: path, place: "dataset 'emoji'",
        remedy: "install the Debian package unicode-cldr-core (scripts/setup.sh does), or use a language that it has")
    }
    guard let text = String(validating: data, as: UTF8.self) else {
      throw IeumError(
        .data, "is not UTF-8", file: path, place: "dataset 'emoji'", remedy: "install the package unicode-cldr-core again")
    }
    var (names, keywords): ([String: String], [String: String]) = ([:], [:])
    for part in text.split(separator: "<annotation ").dropFirst() {
      guard let entry = Self.entry(part) else { continue }
      if entry.isName {
        names[entry.character] = entry.text
      } else {
        keywords[entry.character] = entry.text.replacing(" | ", with: ", ")
      }
    }
    guard !names.isEmpty else {
      throw IeumError(
        .data, "holds no names", file: path, place: "dataset 'emoji'",
        remedy: "name a folder with CLDR's common/annotations")
    }
    captions = Dictionary(
      uniqueKeysWithValues: names.map { character, name in
        (character, [name] + (keywords[character].map { $0 == name ? [] : [$0] } ?? []))
      })
  }

  private static func entry(_ part: Substring) -> (character: String, isName: Bool, text: String)? {
    guard let tag = part.firstIndex(of: ">"), let end = part.range(of: "</annotation>"), tag < end.lowerBound,
      let character = part.firstMatch(of: /cp="([^"]+)"/)?.output.1
    else { return nil }
    let text = HTMLEntities.unescape(String(part[part.index(after: tag)..<end.lowerBound]))
      .split(whereSeparator: \.isWhitespace).joined(separator: " ").precomposedStringWithCanonicalMapping
    guard !text.isEmpty else { return nil }
    return (HTMLEntities.unescape(String(character)), part[..<tag].contains("type=\"tts\""), text)
  }
}
