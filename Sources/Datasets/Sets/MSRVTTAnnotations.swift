import Basics
import Foundation
import Weights

/// The clips and sentences of MSR-VTT, from any of the forms in which they circulate.
struct MSRVTTAnnotations {
  /// Clip → its sentences in file order, in NFC.
  private(set) var captions: [String: [String]] = [:]
  /// Clip → its category, 0…19, where the file says so.
  private(set) var categories: [String: String] = [:]
  /// Clip → the YouTube video that it is cut from, where the file says so.
  private(set) var videos: [String: String] = [:]
  /// Files that were read.
  private(set) var files: [String] = []
  private(set) var emptySentences = 0
  /// Video → where it is listed.
  private var places: [String: String] = [:]

  /// Clips in the order of their numbers.
  var ids: [String] { IDList.canonical(captions.keys.sorted()) }

  private struct File: Decodable {
    struct Video: Decodable {
      let video_id: String
      let category: Int?
      let url: String?
    }
    struct Sentence: Decodable {
      let video_id: String
      let caption: String
    }
    struct Annotation: Decodable {
      let image_id: String
      let caption: String
    }
    let info: AnnotationInfo?
    let videos: [Video]?
    let sentences: [Sentence]?
    let annotations: [Annotation]?
  }

  static let remedy =
    "put MSRVTT_data.json, the two *_videodatainfo.json files, MSR_VTT.json or raw-captions.pkl there as they are published (2016)"

  /// Reads the first of the known sets of files that is in `root`.
  init(root: String, acceptOtherData: Bool) throws {
    let sets = [
      ["MSRVTT_data.json"], ["train_val_videodatainfo.json", "test_videodatainfo.json"], ["MSR_VTT.json"],
      ["raw-captions.pkl"],
    ]
    let present = sets.map { $0.filter { FileManager.default.fileExists(atPath: "\(root)/\($0)") } }
    guard let names = present.first(where: { !$0.isEmpty }) else {
      throw IeumError(
        .data, "holds no annotation file", file: root, place: "dataset 'msrvtt'", remedy: MSRVTTAnnotations.remedy)
    }
    for name in names {
      let path = "\(root)/\(name)"
      if name.hasSuffix(".pkl") { try addPickle(path) } else { try add(path, acceptOtherData) }
    }
  }

  /// collaborative-experts: clip → its sentences as lists of words.
  private mutating func addPickle(_ path: String) throws {
    for (id, sentences) in try PickleTable.read(path).sentences() {
      for sentence in sentences { try add(id, sentence, path, "entry '\(id)'") }
    }
    files.append(path)
  }

  private mutating func add(_ path: String, _ acceptOtherData: Bool) throws {
    let file = try AnnotationJSON.read(File.self, path, remedy: MSRVTTAnnotations.remedy)
    if let year = file.info?.year, year != "2016", !acceptOtherData {
      throw IeumError(
        .data, "holds the annotations of \(year), not of 2016", file: path, place: "info.year",
        remedy: MSRVTTAnnotations.remedy)
    }
    if let sentences = file.sentences {
      for (index, sentence) in sentences.enumerated() {
        try add(sentence.video_id, sentence.caption, path, "sentences[\(index)]")
      }
    } else if let annotations = file.annotations {
      for (index, annotation) in annotations.enumerated() {
        try add(annotation.image_id, annotation.caption, path, "annotations[\(index)]")
      }
    } else {
      throw IeumError(
        .data, "has neither 'sentences' nor 'annotations'", file: path, remedy: MSRVTTAnnotations.remedy)
    }
    for (index, video) in (file.videos ?? []).enumerated() {
      let place = "videos[\(index)]"
      if let earlier = places.updateValue("\(place) of \((path as NSString).lastPathComponent)", forKey: video.video_id) {
        throw IeumError(
          .data, "the video '\(video.video_id)' is listed twice (first at \(earlier))", file: path, place: place,
          remedy: MSRVTTAnnotations.remedy)
      }
      categories[video.video_id] = video.category.map(String.init)
      videos[video.video_id] = video.url.flatMap(YouTubeClip.video(ofURL:))
    }
    files.append(path)
  }

  private mutating func add(_ id: String, _ caption: String, _ path: String, _ place: String) throws {
    guard id.hasPrefix("video"), let number = Int(id.dropFirst(5)), (0..<10_000).contains(number) else {
      throw IeumError(
        .data, "the clip '\(id)' is not one of video0 … video9999", file: path, place: place,
        remedy: "clips from video10000 on belong to the 2017 challenge; \(MSRVTTAnnotations.remedy)")
    }
    let text = KeyedTable.normal(caption)
    if text.isEmpty { emptySentences += 1 } else { captions[id, default: []].append(text) }
  }
}
