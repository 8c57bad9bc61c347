import Basics

/// The protocols by which papers on deep hashing evaluate CIFAR-10: pictures ask for pictures of their class.
///
/// Beside queries and training pictures, which make a ``NamedSplit``, each has a gallery of its own, so it is
/// a protocol over the whole dataset. The papers draw theirs at random; the lists here are ieum's own, frozen
/// by one rule: the pictures of a class in the order of their ids, shuffled by seed 2022 and the class name;
/// the first of them are the queries, the next ones the training pictures.
public enum HashingProtocol: String, Sendable, CaseIterable {
  /// 1,000 queries, 5,000 training pictures, the other 54,000 the gallery.
  case gallery54k = "cifar10-54k"
  /// The same queries and training pictures; the gallery is all but the queries.
  case gallery59k = "cifar10-59k"
  /// 10,000 queries; the other 50,000 are gallery and training pictures.
  case random50k = "cifar10-50k-random"
  /// The release's own test and training part; the latter is the gallery too.
  case official50k = "cifar10-50k-official"

  /// The seed of the frozen lists.
  private static let seed: UInt64 = 2022
  /// The id of the first test picture.
  private static let firstTest = 50_000

  /// - Throws: ``IeumError`` (usage) for an unknown name, with the nearest known one.
  public static func named(_ name: String) throws -> HashingProtocol {
    guard let found = HashingProtocol(rawValue: name) else {
      throw Suggestion.unknown("protocol", name, known: allCases.map(\.rawValue))
    }
    return found
  }

  /// The name of the lists: ieum's own say so.
  public var listName: String { self == .official50k ? rawValue : rawValue + "-ieum1" }

  /// Ids of the three parts, each ascending. Training pictures may be in the gallery, queries never are.
  public struct Lists: Sendable, Equatable {
    public let queries: [String]
    public let training: [String]
    public let gallery: [String]
  }

  /// - Parameter items: all pictures with their labels, ids being numbers.
  /// - Throws: ``IeumError`` (data) where the classes differ in size, or cannot be cut as the 6,000 pictures
  ///   of each class are: 1/60 (or 1/6) queries and 1/12 training pictures.
  public func lists(of items: [DatasetItem]) throws -> Lists {
    let numbered = try items.map { item -> (id: Int, label: String) in
      guard let number = Int(item.id), let label = item.label else {
        throw refusal("'\(item.id)' is no picture of CIFAR-10")
      }
      return (number, label)
    }
    let ids = numbered.map(\.id).sorted()
    if self == .official50k { return try cut(ids, queries: Set(ids.filter { $0 >= Self.firstTest })) }
    let classes = Dictionary(grouping: numbered, by: \.label)
    let size = classes.values.first?.count ?? 0
    guard size > 0, size % 60 == 0, classes.values.allSatisfy({ $0.count == size }) else {
      throw refusal("needs classes of one size, a multiple of 60 (published: 6,000 pictures each)")
    }
    let asking = self == .random50k ? size / 6 : size / 60
    var (queries, training): (Set<Int>, Set<Int>) = ([], [])
    for (label, pictures) in classes {
      var generator = SeededGenerator(seed: Self.seed, purpose: "cifar10/\(label)")
      let order = generator.shuffled(pictures.map(\.id).sorted())
      queries.formUnion(order.prefix(asking))
      training.formUnion(order.dropFirst(asking).prefix(size / 12))
    }
    return try cut(ids, queries: queries, training: self == .random50k ? nil : training)
  }

  /// - Parameter training: nil = all that are no queries.
  private func cut(_ ids: [Int], queries: Set<Int>, training: Set<Int>? = nil) throws -> Lists {
    let rest = ids.filter { !queries.contains($0) }
    let learnt = training.map { some in rest.filter { some.contains($0) } } ?? rest
    let gallery = self == .gallery54k ? rest.filter { training?.contains($0) != true } : rest
    guard !queries.isEmpty, !gallery.isEmpty else { throw refusal("has no queries or no gallery") }
    return Lists(
      queries: ids.filter { queries.contains($0) }.map { String($0) }, training: learnt.map { String($0) },
      gallery: gallery.map { String($0) })
  }

  /// The ranking task on the whole dataset: a query's relevant rows are the gallery's pictures of its class.
  /// - Throws: ``IeumError`` (usage) for another dataset, (data) for one that was loaded with a part of its
  ///   pictures only.
  public func task(of dataset: Dataset) throws -> RetrievalTask {
    guard dataset.name == "cifar10" else {
      throw IeumError(.usage, "'\(rawValue)' is a protocol of cifar10", place: "dataset '\(dataset.name)'")
    }
    let whole = Self.official50k.rawValue
    guard dataset.split?.id == whole else {
      throw IeumError(
        .data,
        "'\(rawValue)' ranks the whole dataset, and only '\(dataset.split?.id ?? "a part")' was loaded",
        place: "dataset 'cifar10'", remedy: "leave the option split away, or say split=\(whole)")
    }
    let lists = try lists(of: dataset.allItems)
    let labels = Dictionary(uniqueKeysWithValues: dataset.allItems.map { ($0.id, $0.label ?? "") })
    let rows = Dictionary(grouping: lists.gallery.indices) { labels[lists.gallery[$0], default: ""] }
    let wanted = lists.queries.map { rows[labels[$0, default: ""], default: []] }
    let fold = RetrievalTask.Fold(
      queries: lists.queries.map { .init($0) }, gallery: lists.gallery.map { .init($0) },
      indptr: wanted.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.count) },
      indices: wanted.flatMap { $0 },
      groups: nil)
    return RetrievalTask(
      protocolName: rawValue, direction: "i2i", querySide: .queries, gallerySide: .items,
      split: "\(dataset.name)/\(listName)", captionPolicy: dataset.captionPolicy,
      textRelevance: dataset.textRelevance,
      folds: [fold], listedItems: lists.gallery.count)
  }

  private func refusal(_ problem: String) -> IeumError {
    IeumError(
      .data, problem, place: "protocol '\(rawValue)'",
      remedy: "load CIFAR-10 as it is published, all of its pictures")
  }
}
