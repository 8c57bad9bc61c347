import Basics
import Foundation
import Search
import Testing

/// What happens to an index folder as a whole: made, replaced, damaged, looked through.
@Suite struct SearchFolderTests {
  private let red = { try SearchQuery([(.text("red"), 1)]) }

  /// What is kept from one search to the next is not kept for longer than it holds.
  @Test(arguments: ["exact", "forest"])
  func countsFollowWhatOthersWrite(index: String) throws {
    let world = try ColourWorld()
    defer { world.remove() }
    let database = try world.database(index: index)
    let reader = world.engine(try SearchDatabase.open(database.folder))
    func found(_ filter: SearchFilter = SearchFilter()) throws -> String {
      let answer = try reader.answer(red(), k: 1, filter: filter)
      return "\(answer.hits.first?.item.id ?? "nothing") of \(answer.items)"
    }
    #expect(try found() == "nothing of 0")
    let writer = try SearchWriter(database)
    try writer.add(world.items(100))
    #expect(try found() == "item 0 of 100")
    try writer.rebuild()
    #expect(try found() == "item 0 of 100")
    #expect(try writer.remove(["item 0"]).isEmpty)
    #expect(try found() == "item 1 of 99")
    try writer.add(world.items(70, dataset: "late", from: 100))
    #expect(try found() == "item 1 of 169")
    #expect(try writer.remove(["item 100", "item 1"]).isEmpty)
    #expect(try found() == "item 2 of 167")
    var late = SearchFilter()
    late.dataset = "late"
    #expect(try found(late) == "item 101 of 167")
    try writer.rebuild()
    #expect(try found() == "item 2 of 167" && found(late) == "item 101 of 167")
    #expect(try reader.database.summary().datasets == ["wheel": 98, "late": 69])
    #expect(try writer.remove((2..<170).map { "item \($0)" }).count == 1)
    #expect(try found() == "nothing of 0")
  }

  @Test func anIndexThatFailsLeavesNothing() throws {
    let world = try ColourWorld()
    defer { world.remove() }
    let folder = world.folder + "/made"
    func make(_ replacing: Bool = false, failing: Bool = false, items: Int = 3) throws -> SearchDatabase {
      try SearchDatabase.build(folder, replacing: replacing) { scratch in
        let database = try SearchDatabase.create(scratch, encoderDigest: ColourWorld.digest, dimension: 3)
        try SearchWriter(database).add(world.items(items))
        if failing { throw IeumError(.data, "nothing could be indexed") }
        return database
      }
    }
    #expect { try make(failing: true) } throws: { ($0 as? IeumError)?.problem == "nothing could be indexed" }
    #expect(try FileManager.default.contentsOfDirectory(atPath: world.folder) == ["media"])
    let first = try make()
    #expect(try first.folder == folder && first.summary().items == 3)
    #expect { try make() } throws: { ($0 as? IeumError)?.problem == "is a search index already" }
    #expect { try make(true, failing: true) } throws: { ($0 as? IeumError)?.exitCode == 65 }
    #expect(try first.summary().items == 3 && !first.isReplaced)

    // Whoever has it open goes over to the one that takes its place.
    let live = LiveSearch(world.engine(first), title: "colours")
    #expect(try live.current().engine.answer(red()).items == 3)
    _ = try make(true, items: 7)
    #expect(first.isReplaced)
    let answer = try live.current().engine.answer(red())
    #expect(answer.items == 7 && answer.hits.count == 7)
    // Gone, it is served as it was.
    try FileManager.default.removeItem(atPath: folder)
    #expect(try live.current().engine.answer(red()).items == 7)
    #expect(Set(try FileManager.default.contentsOfDirectory(atPath: world.folder)) == ["media"])
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    #expect(try make().summary().items == 3)
    try AtomicFile.write("mine", to: world.folder + "/other/thesis.txt")
    #expect(throws: IeumError.self) {
      try SearchDatabase.build(world.folder + "/other") { _ in throw IeumError(.system, "not asked") }
    }
  }

  @Test func damagedVectorsAreNoticed() throws {
    let world = try ColourWorld()
    defer { world.remove() }
    let database = try world.database(index: "forest")
    let writer = try SearchWriter(database)
    try writer.add(world.items(20))
    try writer.rebuild()
    try writer.add(world.items(5, from: 20))
    let whole = try database.check()
    #expect(whole.isSound && whole.isVerified)

    let path = database.folder + "/vectors-1.f32"
    let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    func damage(_ float: Float, at row: Int) throws {
      var changed = bytes
      withUnsafeBytes(of: float) { changed.replaceSubrange(12 * row..<12 * row + 4, with: $0) }
      try changed.write(to: URL(fileURLWithPath: path))
    }
    func check() throws -> [String] { try SearchDatabase.open(database.folder).check().damaged }
    // A number that is still one: the digest knows. In the part of the rebuild, and in what was added since.
    try damage(0.9999, at: 0)
    #expect(try check().count == 1 && check()[0].contains("vectors-1.f32: bytes 0…240"))
    try damage(0.9, at: 22)
    #expect(try check().contains { $0.contains("bytes 240…300") })
    for value in [Float.nan, .infinity, 17] {
      try damage(value, at: 3)
      let other = try SearchDatabase.open(database.folder)
      #expect { try other.vector(of: "item 3") } throws: {
        ($0 as? IeumError)?.file == path && ($0 as? IeumError)?.place == "row 3"
      }
      #expect(throws: IeumError.self) { try world.engine(other).answer(red(), k: 10) }
      #expect(try other.vector(of: "item 4").count == 3)
    }
    try bytes.write(to: URL(fileURLWithPath: path))
    #expect(try check().isEmpty)
    let index = database.folder + "/index-1.ann"
    var nodes = try Data(contentsOf: URL(fileURLWithPath: index))
    nodes[nodes.count / 2] ^= 1
    try nodes.write(to: URL(fileURLWithPath: index))
    #expect(try check().contains { $0.contains("index-1.ann") })
  }

  @Test func whatVanishedIsNamed() throws {
    let (world, database) = try ColourWorld.searchable()
    defer { world.remove() }
    let red = world.folder + "/media/red.jpg"
    #expect(try database.check().isSound)
    try FileManager.default.removeItem(atPath: red)
    let thumbnail = try #require(try database.item(world.folder + "/media/blue.jpg").item.thumbnail)
    try FileManager.default.removeItem(atPath: "\(database.folder)/thumbnails/\(thumbnail)")
    let check = try database.check()
    #expect(check.missingMedia == [red] && check.missingThumbnails == [world.folder + "/media/blue.jpg"])
    #expect(check.damaged.isEmpty && !check.isSound)
    let hits = try world.engine(database).answer(self.red(), k: 5).hits
    #expect(hits.filter { $0.missing == true }.map(\.item.id) == [red] && hits.count == 5)
  }

  @Test func weightsBeyondNumbersAreRefused() throws {
    let world = try ColourWorld()
    defer { world.remove() }
    let database = try world.database()
    try SearchWriter(database).add(world.items(3))
    let engine = world.engine(database)
    for weight in [1e308, 1e200] {
      #expect { try engine.answer(SearchQuery([(.text("red"), weight), (.text("green"), weight)])) } throws: {
        ($0 as? IeumError)?.exitCode == 64
      }
    }
    let large = try engine.answer(SearchQuery([(.text("red"), 1e100)]), k: 1)
    #expect(large.hits[0].item.id == "item 0" && abs(large.hits[0].score - 1) < 1e-6)
  }
}
