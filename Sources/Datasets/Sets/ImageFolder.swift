import Basics
import Foundation

/// The pictures in a folder.
enum ImageFolder {
  static let suffixes: Set<String> = ["png", "jpg", "jpeg", "webp", "gif", "svg", "bmp", "tif", "tiff"]

  /// Paths of the pictures directly in `folder`, by name; hidden files are left out. Empty for a missing
  /// folder.
  static func pictures(in folder: String) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.filter {
      !$0.hasPrefix(".") && suffixes.contains(FileName.suffix($0))
    }
    .sorted().map { "\(folder)/\($0)" }
  }
}
