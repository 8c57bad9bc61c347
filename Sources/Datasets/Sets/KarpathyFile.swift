import Basics
import Foundation

/// The JSON of Karpathy's splits: `dataset_coco.json`, `dataset_flickr30k.json`.
struct KarpathyFile {
  struct Image {
    let id: String
    /// Relative to the folder of pictures.
    let file: String
    /// `train`, `restval`, `val` or `test`.
    let split: String
    let captions: [String]
  }

  let path: String
  /// In file order, which the five folds of COCO 1k follow.
  let images: [Image]

  private struct File: Decodable {
    struct Entry: Decodable {
      struct Sentence: Decodable { let raw: String }
      let filepath: String?
      let filename: String
      let cocoid: Int?
      let split: String
      let sentences: [Sentence]
    }
    let dataset: String?
    let images: [Entry]
  }

  /// - Parameter dataset: `coco` or `flickr30k`; pictures of `coco` lie in `train2014` and `val2014`, and are named by
  ///   their COCO number, those of Flickr30k by their file name without suffix.
  /// - Throws: ``IeumError`` (data) for another dataset's or another year's file, missing fields, an unknown split, an
  ///   image that comes twice.
  static func read(
    _ path: String, dataset: String, without unrelated: [String: Set<Int>] = [:]
  ) throws -> KarpathyFile {
    let remedy = "put Karpathy's dataset_\(dataset).json there"
    let file: File
    do {
      file = try AnnotationJSON.read(File.self, path, remedy: remedy)
    } catch let error as IeumError where error.problem.contains("missing") && isOfficial(path) {
      throw IeumError(
        .data, "is COCO's own captions file (\(error.place ?? "the file"): \(error.problem)), not Karpathy's split", file: path,
        remedy: remedy)
    }
    if let other = file.dataset, other != dataset {
      throw IeumError(.data, "is the file of '\(other)'", file: path, place: "dataset", remedy: remedy)
    }
    var seen: [String: Int] = [:]
    let images = try file.images.enumerated().map { index, entry in
      let image = try Self.image(entry, index, path, dataset, remedy, unrelated)
      if let earlier = seen.updateValue(index, forKey: image.id) {
        throw IeumError(
          .data, "the image '\(image.id)' comes twice (first in images[\(earlier)])", file: path, place: "images[\(index)]",
          remedy: remedy)
      }
      return image
    }
    guard !images.isEmpty else { throw IeumError(.data, "holds no images", file: path, remedy: remedy) }
    return KarpathyFile(path: path, images: images)
  }

  private static func image(
    _ entry: File.Entry, _ index: Int, _ path: String, _ dataset: String, _ remedy: String,
    _ unrelated: [String: Set<Int>]
  ) throws -> Image {
    func error(_ problem: String) -> IeumError {
      IeumError(.data, problem, file: path, place: "images[\(index)]", remedy: remedy)
    }
    guard ["train", "restval", "val", "test"].contains(entry.split) else {
      throw error("the split '\(entry.split)' is unknown")
    }
    let name = KeyedTable.normal(entry.filename)
    guard !name.isEmpty else { throw error("the filename is empty") }
    let out = unrelated[FileName.stem(name)] ?? []
    let captions = entry.sentences.enumerated().filter { !out.contains($0.offset) }
      .map { KeyedTable.normal($0.element.raw) }.filter { !$0.isEmpty }
    if dataset == "coco" {
      guard let folder = entry.filepath else { throw error("the field 'filepath' is missing") }
      guard ["train2014", "val2014"].contains(folder) else {
        throw error("the folder '\(folder)' is not one of COCO 2014 (train2014, val2014)")
      }
      guard let number = entry.cocoid else { throw error("the field 'cocoid' is missing") }
      return Image(id: String(number), file: "\(folder)/\(name)", split: entry.split, captions: captions)
    }
    return Image(
      id: FileName.stem(name), file: name, split: entry.split, captions: captions)
  }

  /// Whether the file begins as COCO's own annotation files do.
  private static func isOfficial(_ path: String) -> Bool {
    guard let data = FileManager.default.contents(atPath: path) else { return false }
    return data.range(of: Data("\"annotations\"".utf8)) != nil
  }

  func ids(_ splits: String...) -> [String] { images.filter { splits.contains($0.split) }.map(\.id) }

  var captions: [String: [String]] {
    Dictionary(images.map { ($0.id, $0.captions) }, uniquingKeysWith: { first, _ in first })
  }

  var files: [String: String] {
    Dictionary(images.map { ($0.id, $0.file) }, uniquingKeysWith: { first, _ in first })
  }
}
