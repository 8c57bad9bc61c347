import Basics

/// What is published about a list: its size and the first digits of its hash.
struct PublishedList {
  let count: Int
  /// A prefix of ``IDList/hash(_:)``, where it is known.
  var hash: String?

  /// - Throws: ``IeumError`` (data) when the ids are not the published ones.
  func check(_ ids: [String], what: String, source: String) throws {
    guard ids.count == count else {
      throw IeumError(
        .data, "\(what) has \(ids.count) items, the published one \(count)", file: source,
        remedy: "put the published file there; the option acceptOtherData=true loads another one")
    }
    let found = IDList.hash(ids)
    guard let hash, !found.hasPrefix(hash) else { return }
    throw IeumError(
      .data, "\(what) has the id-list hash \(found.prefix(12)), the published one \(hash)", file: source,
      remedy: "put the published file there; the option acceptOtherData=true loads another one")
  }
}

/// Cuts validation items from train by seed, for sets that list none.
enum HoldOut {
  /// - Returns: the rest and the `count` items taken out, both in the order of `ids`.
  /// - Throws: ``IeumError`` (usage) when nothing would be left.
  static func cut(_ ids: [String], count: Int, seed: UInt64) throws -> (train: [String], held: [String]) {
    guard count < ids.count else {
      throw IeumError(
        .usage, "holdOut=\(count) leaves nothing of \(ids.count) training items", remedy: "hold out fewer")
    }
    var generator = SeededGenerator(seed: seed, purpose: "hold-out")
    let held = Set(generator.shuffled(IDList.canonical(ids)).prefix(count))
    return (ids.filter { !held.contains($0) }, ids.filter(held.contains))
  }
}
