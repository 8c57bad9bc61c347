import Basics

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
  /// Named splits that ``DatasetOptions/split`` may ask for, the default first; empty where the data have one.
  var splits: [String] { get }
  /// Makes the files that are not there yet and follow from those that are; most datasets have none. Experiments do so
  /// before they load a dataset, to show how far it is.
  /// - Parameter progress: how many files are done, of how many.
  func makeFiles(_ options: DatasetOptions, progress: (_ done: Int, _ total: Int) -> Void) throws
  /// - Throws: ``IeumError`` (data) naming file, line and way out.
  func load(_ options: DatasetOptions) throws -> Dataset
  /// Makes what can be made of the data on this machine.
  /// - Returns: what was made, a line each.
  /// - Throws: ``IeumError`` (data) saying what to put where, for data that only the user can bring.
  func prepare(_ options: DatasetOptions) throws -> [String]
}

extension DatasetSpec {
  public func makeFiles(_ options: DatasetOptions, progress: (_ done: Int, _ total: Int) -> Void) throws {}

  public var splits: [String] { [] }

  public func prepare(_ options: DatasetOptions) throws -> [String] {
    let report = check(options)
    guard !report.ready else { return ["nothing to do: \(name) is in place (\(report.root))"] }
    throw IeumError(
      .data, "\(name) cannot be made here: it is put in place by you", file: report.root,
      remedy: "put there\n" + expectedLayout.map { "    \($0)" }.joined(separator: "\n")
        + "\n  now missing: " + report.missing.joined(separator: "; "))
  }

  public func root(_ options: DatasetOptions) -> String { options.root ?? defaultRoot }

  /// The split that the options ask for, or the default one.
  /// - Throws: ``IeumError`` (usage) for an unknown name.
  func splitName(_ options: DatasetOptions) throws -> String {
    let name = options.split ?? splits.first ?? ""
    guard splits.contains(name) else {
      throw Suggestion.unknown("split", name, known: splits, place: "dataset '\(self.name)'")
    }
    return name
  }

  /// Looks at the data as ``load(_:)`` does, and reports instead of throwing.
  /// - Parameter content: decode every file too, and compare the pictures with the committed card's digest.
  public func check(_ options: DatasetOptions = DatasetOptions(), content: Bool = false) -> DatasetReport {
    var report = DatasetReport(name: name, root: root(options), expected: expectedLayout)
    do {
      var open = options
      // A card tells all differences at once; published lists are checked as they are read.
      open.acceptOtherData = splits.isEmpty || options.acceptOtherData
      let dataset = try load(open)
      report.add(dataset)
      report.findLeaks(dataset, content: content, allowed: options.allowLeakage)
      report.splitNames = splits
      if content { report.audit(dataset) }
      if let shipped = try DatasetCard.shipped(for: name) {
        if content { report.card?.contentDigest = try DatasetDigest.ofContent(dataset) }
        guard let card = report.card else { return report }
        let differences = shipped.differences(from: card)
        report.missing += differences.map { "differs from the committed card: \($0)" }
        if differences.isEmpty { report.found.append("agrees with the committed card") }
        report.ready = report.ready && (differences.isEmpty || options.acceptOtherData)
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
      remedy: "install the version that the card describes, or take it as it is with the option acceptOtherData=true")
  }
}

/// All datasets.
public enum DatasetRegistry {
  public static let all: [any DatasetSpec] = [
    StampsDataset(),
    StampsClipsDataset(),
    OpenclipartDataset(),
    EmojiDataset(),
    FilmsDataset(),
    ManifestDataset(),
    MSRVTTDataset(),
    COCODataset(),
    Flickr30kDataset(),
    COCOFlickr30kDataset(),
    VGGSoundDataset(),
    MSVDDataset(),
    XTD10Dataset(),
    Crossmodal3600Dataset(),
    PrecomputedDataset(),
    KoreanClipsDataset(),
    CIFAR10Dataset(),
  ]

  /// - Throws: ``IeumError`` (usage) with the nearest known name.
  public static func named(_ name: String) throws -> any DatasetSpec {
    guard let spec = all.first(where: { $0.name == name }) else {
      throw Suggestion.unknown("dataset", name, known: all.map(\.name))
    }
    return spec
  }
}
