import Basics
import Foundation

/// Finds the files of clips and pictures by their name without suffix, in the folders where they are usually put.
struct MediaIndex {
  static let videoSuffixes: Set<String> = ["mp4", "webm", "mkv", "avi", "mov", "m4v"]
  static let audioSuffixes: Set<String> = ["wav", "flac", "ogg", "mp3", "m4a", "aac"]

  private var paths: [String: String] = [:]
  private let expectedFolder: String
  private let expectedSuffix: String

  /// - Parameters:
  ///   - folders: relative to `root`, looked through in this order; the first is where missing files are expected.
  ///   - suffixes: of the files that count.
  ///   - expected: the suffix of a file that is not there.
  init(root: String, folders: [String], suffixes: Set<String>, expected: String) {
    expectedFolder = folders.first.map { "\(root)/\($0)" } ?? root
    expectedSuffix = expected
    for folder in folders {
      let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(root)/\(folder)")) ?? []
      for name in names.sorted() where suffixes.contains(FileName.suffix(name)) {
        // Names from some file systems are decomposed (NFD); ids are NFC.
        let stem = KeyedTable.normal(FileName.stem(name))
        if paths[stem] == nil { paths[stem] = "\(root)/\(folder)/\(name)" }
      }
    }
  }

  var count: Int { paths.count }

  /// The file, or nil where there is none.
  func found(_ stem: String) -> String? { paths[stem] }

  /// The file, or the place where it is expected.
  func path(_ stem: String) -> String {
    paths[stem] ?? "\(expectedFolder)/\(stem).\(expectedSuffix)"
  }
}
