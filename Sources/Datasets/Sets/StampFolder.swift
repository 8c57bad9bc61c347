import Basics
import Foundation

/// Reads a folder of stamps into ids, captions and relative file names.
struct StampFolder {
  struct Stamp {
    let id: String
    let captions: [String: String]
    let picture: String
    let sound: String?
  }

  let root: String
  let languages: [String]

  init(root: String, languages: [String]) {
    self.root = root
    self.languages = Array(Set(languages)).sorted()
  }

  /// - Throws: ``IeumError`` (data) for a missing folder or a caption that is not UTF-8.
  func read() throws -> (stamps: [Stamp], skipped: [SkippedItem]) {
    guard let files = try? FileManager.default.subpathsOfDirectory(atPath: root) else {
      throw IeumError(
        .data, "there is no such folder", file: root, place: "dataset 'stamps'",
        remedy: "install the Debian package tuxpaint-stamps-default, or name the folder that holds the stamps"
      )
    }
    let known = Set(files)
    var stems: Set<String> = []
    for file in files where [".txt", ".png", ".svg"].contains(file.suffix(4)) {
      stems.insert(String(file.dropLast(4)))
    }
    var stamps: [Stamp] = []
    var skipped: [SkippedItem] = []
    for stem in stems.sorted() {
      switch try stamp(stem, known) {
      case .success(let stamp): stamps.append(stamp)
      case .failure(let reason): skipped.append(SkippedItem(id: stem, reason: reason.text))
      }
    }
    return (stamps, skipped)
  }

  private struct Reason: Error {
    let text: String
  }

  private func stamp(_ stem: String, _ known: Set<String>) throws -> Result<Stamp, Reason> {
    if stem.hasSuffix("_mirror") { return .failure(Reason(text: "a mirrored variant")) }
    guard known.contains(stem + ".txt") else {
      return .failure(Reason(text: "no caption (\(stem).txt is missing)"))
    }
    guard let picture = [stem + ".png", stem + ".svg"].first(where: known.contains) else {
      return .failure(Reason(text: "no picture (neither .png nor .svg)"))
    }
    let captions = try captions(stem + ".txt")
    if let language = languages.first(where: { (captions[$0] ?? "").isEmpty }) {
      return .failure(Reason(text: "no caption in '\(language)'"))
    }
    let sound = stem + ".ogg"
    return .success(
      Stamp(id: stem, captions: captions, picture: picture, sound: known.contains(sound) ? sound : nil))
  }

  /// The captions in ``languages``: line 1 is English, `LANG.utf8=` lines are the others.
  private func captions(_ file: String) throws -> [String: String] {
    let path = "\(root)/\(file)"
    guard let data = FileManager.default.contents(atPath: path) else {
      throw IeumError(.data, "cannot be read", file: path, remedy: "check its permissions")
    }
    var captions: [String: String] = [:]
    for language in languages {
      // Searching the bytes for the few lines that are wanted is much faster than splitting into lines.
      let start =
        language == "en" ? data.startIndex : data.range(of: Data("\n\(language).utf8=".utf8))?.upperBound
      guard let start else { continue }
      let line = data[start...].prefix { $0 != UInt8(ascii: "\n") }
      guard let text = String(validating: line, as: UTF8.self) else {
        throw IeumError(
          .data, "the caption in '\(language)' is not valid UTF-8", file: path,
          remedy: "save the file as UTF-8")
      }
      captions[language] =
        text.trimmingCharacters(in: .whitespacesAndNewlines).precomposedStringWithCanonicalMapping
    }
    return captions
  }
}
