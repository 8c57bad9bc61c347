import Basics

/// What a caller may choose about a dataset.
public struct DatasetOptions: Sendable, Hashable {
  /// Folder (for `manifest`: the file); nil = the dataset's default place.
  public var root: String?
  /// Language code of the texts; nil = the dataset's default.
  public var language: String?
  /// Seed of the split, where none is given by the data, and of the validation items cut from train.
  public var seed: UInt64 = 2022
  /// `films`: items with fewer images are dropped (hong2022 drops those with 20 or fewer).
  public var minimumImages = 21
  /// Load data that differ from the committed card, or from the published counts and id lists.
  public var acceptOtherData = false
  /// The named split, where the dataset has several (`1kA-9k`); nil = the dataset's default.
  public var split: String?
  /// Evaluate on the test list of this other split; refused where it overlaps with what is trained on.
  public var test: String?
  /// Which captions of an evaluated item count; nil = as the split prescribes.
  public var captions: CaptionPolicy?
  /// Go on although the parts of a split share items; everything that is stored says so.
  public var allowLeakage = false
  /// Items to cut, by seed, from train for validation where the split lists none.
  public var holdOut = 0
  /// Flickr30k: leave out the sentences that Flickr30k Entities lists as unrelated to their picture.
  public var dropUnrelated = false
  /// The folder of derived files.
  public var cache = CacheRoot.path()

  public init(root: String? = nil, language: String? = nil) {
    self.root = root
    self.language = language
  }
}

extension DatasetOptions {
  /// The options by name, as configurations and `--option key=value` set them; an empty text means the default.
  public static let declared = [
    ParameterSpec("seed", default: .int(2022), "seed of the split and of held-out items, where the data give none"),
    ParameterSpec("minimumImages", default: .int(21), "films: items with fewer images are dropped"),
    ParameterSpec("acceptOtherData", default: .bool(false), "load data that differ from what is published"),
    ParameterSpec("split", default: .string(""), "the named split, such as 1kA-9k"),
    ParameterSpec("test", default: .string(""), "evaluate on the test list of this other split"),
    ParameterSpec(
      "captions", default: .string(""), "captions of an evaluated item",
      choices: [""] + CaptionPolicy.allCases.map(\.rawValue)),
    ParameterSpec("allowLeakage", default: .bool(false), "go on although parts of a split share items"),
    ParameterSpec("dropUnrelated", default: .bool(false), "flickr30k: leave out sentences of UNRELATED_CAPTIONS"),
    ParameterSpec("holdOut", default: .int(0), "items cut from train for validation where the split lists none"),
  ]

  /// - Throws: ``IeumError`` (usage) for an unknown option or a value of the wrong type.
  public init(
    root: String?, language: String?, values: [String: Scalar], owner: String
  ) throws {
    self.init(root: root, language: language)
    let values = try Parameters(values, specs: Self.declared, owner: owner)
    func text(_ name: String) -> String? { values.string(name).isEmpty ? nil : values.string(name) }
    seed = UInt64(max(0, values.int("seed")))
    minimumImages = values.int("minimumImages")
    acceptOtherData = values.bool("acceptOtherData")
    split = text("split")
    test = text("test")
    captions = text("captions").flatMap(CaptionPolicy.init(rawValue:))
    allowLeakage = values.bool("allowLeakage")
    dropUnrelated = values.bool("dropUnrelated")
    holdOut = max(0, values.int("holdOut"))
  }
}
