/// One thing to be found: its texts, its pictures, film or sound, and what it belongs with.
public struct DatasetItem: Sendable, Hashable {
  public let id: String
  /// Language code → captions, plot or other texts (Unicode NFC), in the order of the source; never an empty list.
  public let captions: [String: [String]]
  /// Pictures; an item's vector is the mean over them (hong2022). Empty where the item is a film or a sound.
  public let imagePaths: [String]
  /// The sound file; a film's own sound where this is nil and ``videoPath`` is not.
  public let audioPath: String?
  public let videoPath: String?
  /// The file of precomputed features that the item is a row of, where that is all there is of it.
  public let featurePath: String?
  /// The YouTube video that the item is cut from, where the data tell and its id does not.
  public let sourceVideo: String?
  /// The part of the film or sound that the item is, in seconds from its beginning; nil = from the first frame.
  public let start: Double?
  /// Where that part ends, in seconds from the file's beginning; nil = at the last frame.
  public let end: Double?
  /// The class, where the dataset has classes.
  public let label: String?
  /// Ids of the items that belong with this one, where the dataset lists them.
  public let relatedIDs: [String]
  /// A short name for reports, where it is not the text itself.
  public let title: String?

  public init(
    id: String, captions: [String: [String]], imagePaths: [String] = [], audioPath: String? = nil,
    videoPath: String? = nil, start: Double? = nil, end: Double? = nil, label: String? = nil,
    relatedIDs: [String] = [], title: String? = nil, featurePath: String? = nil, sourceVideo: String? = nil
  ) {
    self.id = id
    self.captions = captions.filter { !$0.value.isEmpty }
    self.imagePaths = imagePaths
    self.audioPath = audioPath
    self.videoPath = videoPath
    self.start = start
    self.end = end
    self.label = label
    self.relatedIDs = relatedIDs
    self.title = title
    self.featurePath = featurePath
    self.sourceVideo = sourceVideo
  }

  /// An item with one text per language.
  public init(
    id: String, texts: [String: String], imagePaths: [String] = [], audioPath: String? = nil,
    videoPath: String? = nil, start: Double? = nil, end: Double? = nil, label: String? = nil,
    relatedIDs: [String] = [], title: String? = nil
  ) {
    self.init(
      id: id, captions: texts.mapValues { [$0] }, imagePaths: imagePaths, audioPath: audioPath, videoPath: videoPath,
      start: start, end: end, label: label, relatedIDs: relatedIDs, title: title)
  }

  /// Language code → the first text.
  public var texts: [String: String] { captions.compactMapValues(\.first) }

  /// Every file that the item names: pictures, sound, film, features.
  public var files: [String] { imagePaths + [audioPath, videoPath, featurePath].compactMap { $0 } }

  /// The name of a caption in feature files and rankings: `ID#k`, k from 0 in the order of ``captions``.
  public static func captionID(_ id: String, _ number: Int) -> String { "\(id)#\(number)" }
}
