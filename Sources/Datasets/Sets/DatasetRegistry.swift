import Basics

/// What a caller may choose about a dataset.
public struct DatasetOptions: Sendable, Hashable {
  /// Folder (for `manifest`: the file); nil = the dataset's default place.
  public var root: String?
  /// Language code of the texts; nil = the dataset's default.
  public var language: String?
  /// Seed of the split, where none is given by the data.
  public var seed: UInt64 = 2022
  /// `films`: items with fewer images are dropped (hong2022 drops those with 20 or fewer).
  public var minimumImages = 21
  /// Load data that differ from the committed card.
  public var acceptOtherData = false
  /// Where derived files go.
  public var cache = CacheRoot.path()

  public init(root: String? = nil, language: String? = nil) {
    self.root = root
    self.language = language
  }
}

/// A dataset that can be asked for by name: one file of its own and one line in ``DatasetRegistry``.
public protocol DatasetSpec: Sendable {
  var name: String { get }
  /// One sentence for `ieum data list`.
  var summary: String { get }
  /// Where it is looked for unless the caller says otherwise.
  var defaultRoot: String { get }
  var defaultLanguage: String { get }
  /// What is expected where, one line per file or folder, relative to the root.
  var expectedLayout: [String] { get }
  /// Makes what is not there yet and can be made from what is; most datasets have nothing to do.
  /// - Parameter progress: how many steps are done, of how many.
  func prepare(_ options: DatasetOptions, progress: (_ done: Int, _ total: Int) -> Void) throws
  /// - Throws: ``IeumError`` (data) naming file, line and way out.
  func load(_ options: DatasetOptions) throws -> Dataset
}

extension DatasetSpec {
  public func prepare(_ options: DatasetOptions, progress: (_ done: Int, _ total: Int) -> Void) throws {}

  public func root(_ options: DatasetOptions) -> String { options.root ?? defaultRoot }

  /// Looks at the data as ``load(_:)`` does, and reports instead of throwing.
  /// - Parameter content: read every picture too and compare with the committed card's digest.
  public func check(_ options: DatasetOptions = DatasetOptions(), content: Bool = false) -> DatasetReport {
    var report = DatasetReport(name: name, root: root(options), expected: expectedLayout)
    do {
      var open = options
      open.acceptOtherData = true
      let dataset = try load(open)
      report.add(dataset)
      if content { report.card?.contentDigest = try DatasetDigest.ofContent(dataset) }
      if let shipped = try DatasetCard.shipped(for: name), let card = report.card {
        let differences = shipped.differences(from: card)
        report.missing += differences.map { "differs from the committed card: \($0)" }
        if differences.isEmpty { report.found.append("agrees with the committed card") }
        report.ready = differences.isEmpty || options.acceptOtherData
      }
    } catch {
      report.ready = false
      report.missing.append("\(error)")
    }
    return report
  }

  /// Compares with the committed card, if there is one.
  /// - Throws: ``IeumError`` (data) naming what was expected and what was found.
  func checkCard(_ dataset: Dataset, _ options: DatasetOptions) throws {
    guard !options.acceptOtherData, let shipped = try DatasetCard.shipped(for: name) else { return }
    let differences = shipped.differences(from: dataset.card)
    guard !differences.isEmpty else { return }
    throw IeumError(
      .data, "the data differ from the committed card: \(differences.prefix(3).joined(separator: "; "))",
      file: root(options), place: "dataset '\(name)'",
      remedy: "install the version that the card describes, or accept other data by an option")
  }
}

/// All datasets.
public enum DatasetRegistry {
  public static let all: [any DatasetSpec] = [
    StampsDataset(),
    StampsClipsDataset(),
    FilmsDataset(),
    ManifestDataset(),
  ]

  /// - Throws: ``IeumError`` (usage) with the nearest known name.
  public static func named(_ name: String) throws -> any DatasetSpec {
    guard let spec = all.first(where: { $0.name == name }) else {
      throw Suggestion.unknown("dataset", name, known: all.map(\.name))
    }
    return spec
  }
}
