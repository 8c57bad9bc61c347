import Basics

/// Turns a named split and captions by id into items: all captions to train on, the policy's to evaluate with.
struct CaptionedItems {
  let split: NamedSplit
  let policy: CaptionPolicy
  let language: String
  /// The sentence that the split's list gives for an item (policy ``CaptionPolicy/fixedList``).
  var listed: [String: String] = [:]
  private(set) var skipped: [SkippedItem] = []

  init(split: NamedSplit, policy: CaptionPolicy, language: String) {
    self.split = split
    self.policy = policy
    self.language = language
  }

  /// Listed items that cannot be used, for reasons of their own.
  mutating func leaveOut(_ items: [SkippedItem]) { skipped += items }

  /// Every listed id must have an entry.
  /// - Throws: ``IeumError`` (data) with how many ids of which part are absent; where other data are accepted they are
  ///   skipped, and still count as listed.
  mutating func requireEntries(
    _ known: Set<String>, source: String, dataset: String, acceptOtherData: Bool
  ) throws {
    for part in Split.allCases {
      let absent = split.ids(in: part).filter { !known.contains($0) }
      guard let example = absent.first else { continue }
      guard acceptOtherData else {
        throw IeumError(
          .data,
          "the split '\(split.id)' lists \(absent.count) items in \(part.rawValue) that have no entry, such as '\(example)'",
          file: source, place: "dataset '\(dataset)'",
          remedy: "put the whole annotation file there; the option acceptOtherData=true leaves them out, counted")
      }
      skipped += absent.map { SkippedItem(id: $0, reason: "listed in \(part.rawValue), but has no entry") }
    }
  }

  /// - Parameters:
  ///   - make: an item from its id, part and captions.
  ///   - captions: all captions of an id, in NFC.
  /// - Returns: items in the order of the lists; those without a caption are skipped.
  mutating func items(
    _ make: (String, Split, [String: [String]]) -> DatasetItem, captions: (String) -> [String]
  ) -> [Split: [DatasetItem]] {
    var items: [Split: [DatasetItem]] = [:]
    let absent = Set(skipped.map(\.id))
    for part in Split.allCases {
      for id in split.ids(in: part) where !absent.contains(id) {
        let all = captions(id)
        // A list that gives sentences gives them for test only; held-out validation items have their first caption.
        let evaluated = policy == .fixedList && part == .validation ? CaptionPolicy.first : policy
        let chosen = part == .train ? all : evaluated.choose(all, listed: listed[id])
        if chosen.isEmpty {
          skipped.append(SkippedItem(id: id, reason: "no caption"))
        } else {
          items[part, default: []].append(make(id, part, [language: chosen]))
        }
      }
    }
    return items
  }
}
