import Basics
import Foundation

/// COCO captions in Karpathy's split (Lin et al. 2014; Karpathy and Fei-Fei 2015): about five sentences a picture.
///
/// * Splits: `karpathy` trains on train + restval (113,287), `karpathy-train` on train alone (82,783); val and test
///   have 5,000 pictures each. An evaluated picture has its first five sentences.
/// * Order: that of the file.
struct COCODataset: DatasetSpec {
  let name = "coco"
  let summary = "COCO captions, Karpathy's split: 123,287 pictures with five sentences; protocols coco5k, coco1k-5fold"
  let defaultRoot = "data/coco"
  let defaultLanguage = "en"
  let splits = ["karpathy", "karpathy-train"]
  let expectedLayout = [
    "dataset_coco.json (Karpathy's split)",
    "train2014/COCO_train2014_*.jpg, val2014/COCO_val2014_*.jpg (or both in images/)",
  ]

  func load(_ options: DatasetOptions) throws -> Dataset {
    let root = root(options)
    let folder = FileManager.default.fileExists(atPath: "\(root)/images/val2014") ? "images/" : ""
    let set = KarpathyDataset(name: name, root: root, pictures: folder, options: options)
    let id = try splitName(options)
    let file = try set.file()
    let split = try set.named(id, file, train: id == "karpathy" ? ["train", "restval"] : ["train"])
    return try set.dataset(
      split, captions: file.captions, files: file.files, source: file.path,
      language: options.language ?? defaultLanguage)
  }
}
