import Basics
import Foundation
import Harness
import Ranking
import Search
import Testing

@Suite struct DatabaseTests {
  @Test(arguments: ["exact", "forest", "hnsw"])
  func findsByTextFilterAndExample(index: String) throws {
    let world = try ColourWorld()
    defer { world.remove() }
    let database = try world.database(index: index)
    let writer = try SearchWriter(database)
    try writer.add(world.items(300))
    try writer.rebuild()
    try writer.add(world.items(50, dataset: "late", from: 300))
    let engine = world.engine(database)

    let red = try engine.answer(SearchQuery([(.text("red"), 1)]), k: 4)
    #expect(red.hits.map(\.item.id) == ["item 0", "item 1", "item 2", "item 3"])
    #expect(abs(red.hits[0].score - 1) < 1e-6 && red.hits.map(\.rank) == [1, 2, 3, 4] && red.items == 350)
    // Items that came after the rebuild are found too.
    let green = try engine.answer(SearchQuery([(.text("green"), 1)]), k: 2)
    #expect(green.hits.map(\.item.id) == ["item 349", "item 348"])

    var filter = SearchFilter()
    (filter.film, filter.language, filter.shortest, filter.longest) = ("even.mp4", "ko", 4, 6)
    let some = try engine.answer(SearchQuery([(.text("red"), 1)]), k: 3, filter: filter)
    #expect(some.hits.map(\.item.id) == ["item 6", "item 24", "item 36"])
    filter.dataset = "nothing"
    #expect(try engine.answer(SearchQuery([(.text("red"), 1)]), filter: filter).hits.isEmpty)

    let like = try engine.answer(SearchQuery([(.like("item 100"), 1)]), k: 3)
    #expect(Set(like.hits.map(\.item.id)) == ["item 99", "item 101", "item 98"] || Set(like.hits.map(\.item.id)) == ["item 99", "item 101", "item 102"])
    let mixed = try engine.answer(SearchQuery([(.text("red"), 1), (.text("green"), tan(0.2))]), k: 1)
    #expect(mixed.hits[0].item.id == "item 200")
  }

  @Test func badQueriesAreTold() throws {
    let world = try ColourWorld()
    defer { world.remove() }
    let database = try world.database()
    try SearchWriter(database).add(world.items(3))
    let engine = world.engine(database)
    #expect(throws: IeumError.self) { try SearchQuery([]) }
    #expect(throws: IeumError.self) { try SearchQuery([(.text("red"), .nan)]) }
    #expect { try engine.answer(SearchQuery([(.text("?! …"), 1)])) } throws: { ($0 as? IeumError)?.exitCode == 64 }
    #expect { try engine.answer(SearchQuery([(.like("item 9"), 1)])) } throws: { ($0 as? IeumError)?.exitCode == 65 }
    #expect { try engine.answer(SearchQuery([(.text("red"), 1), (.text("red"), -1)])) } throws: {
      ($0 as? IeumError)?.exitCode == 65
    }
    #expect(throws: IeumError.self) { try engine.answer(SearchQuery([(.text("red"), 1)]), k: 0) }
    #expect { try database.check(encoderDigest: "other") } throws: { ($0 as? IeumError)?.exitCode == 65 }
    try database.check(encoderDigest: ColourWorld.digest)
  }

  @Test(arguments: ["exact", "forest", "hnsw"])
  func vectorsOfAnotherDimensionAreRefused(index: String) throws {
    let world = try ColourWorld()
    defer { world.remove() }
    let database = try world.database(index: index)
    let writer = try SearchWriter(database)
    try writer.add(world.items(20))
    try writer.rebuild()
    #expect { try database.nearest([1, 0, 0, 0], k: 3) } throws: { ($0 as? IeumError)?.exitCode == 65 }
    #expect { try database.nearest([.nan, 0, 0], k: 3) } throws: { ($0 as? IeumError)?.exitCode == 65 }
    #expect { try writer.add([(world.items(1)[0].item, [1, 0])]) } throws: { ($0 as? IeumError)?.exitCode == 65 }
    #expect(try database.nearest([1, 0, 0], k: 3).map(\.item.id) == ["item 0", "item 1", "item 2"])
  }

  @Test func removedItemsStayAwayAndRowsAreReused() throws {
    let world = try ColourWorld()
    defer { world.remove() }
    let database = try world.database(index: "forest")
    let writer = try SearchWriter(database)
    try writer.add(world.items(100))
    try writer.rebuild()
    #expect(try writer.remove(["item 0", "item 2", "item 777"]) == ["item 777"])
    let engine = world.engine(database)
    let query = try SearchQuery([(.text("red"), 1)])
    #expect(try engine.answer(query, k: 3).hits.map(\.item.id) == ["item 1", "item 3", "item 4"])
    #expect(try database.summary().removed == 2)
    #expect(try !writer.isRebuildDue())
    #expect(try writer.remove((10..<40).map { "item \($0)" }).isEmpty)
    #expect(try writer.isRebuildDue())
    try writer.rebuild()
    let summary = try database.summary()
    #expect(summary.items == 68 && summary.removed == 0 && summary.waiting == 0)
    #expect(try engine.answer(query, k: 3).hits.map(\.item.id) == ["item 1", "item 3", "item 4"])
    #expect(try engine.answer(query, k: 100).hits.map(\.item.caption).last == "number 99")
    #expect(try engine.answer(query, k: 100).hits[0].item.captions == ["en": "a"])

    // An id that comes again takes the old one's place.
    try writer.add([(world.items(1)[0].item, [0, 0, 1])])
    try writer.add([(world.items(1)[0].item, [0, 1, 0])])
    let green = try engine.answer(SearchQuery([(.text("green"), 1)]), k: 1)
    #expect(green.hits[0].item.id == "item 0" && green.items == 69)
    #expect(try engine.answer(SearchQuery([(.text("blue"), 1)]), k: 1).hits[0].score < 0.5)
  }

  @Test func twoWritersAreRefusedAndReadersAreNot() throws {
    let world = try ColourWorld()
    defer { world.remove() }
    let database = try world.database()
    var first: SearchWriter? = try SearchWriter(database)
    try first?.add(world.items(5))
    #expect { try SearchWriter(database) } throws: { ($0 as? IeumError)?.problem.contains("another process") == true }
    let other = try SearchDatabase.open(database.folder)
    #expect(try world.engine(other).answer(SearchQuery([(.text("red"), 1)]), k: 9).hits.count == 5)
    // A search that was opened before sees what is added after.
    try first?.add(world.items(5, from: 5))
    #expect(try world.engine(other).answer(SearchQuery([(.text("red"), 1)]), k: 99).hits.count == 10)
    first = nil
    _ = try SearchWriter(database)
  }

  @Test func leftoversOfADeadWriterDoNoHarm() throws {
    let world = try ColourWorld()
    defer { world.remove() }
    let database = try world.database(index: "forest")
    do {
      let writer = try SearchWriter(database)
      try writer.add(world.items(20))
      try writer.rebuild()
    }
    // Dead after the vectors were written and before they counted, and in the middle of a rebuild.
    let vectors = database.folder + "/vectors-1.f32"
    let handle = try #require(FileHandle(forWritingAtPath: vectors))
    try handle.seekToEnd()
    try handle.write(contentsOf: Data(repeating: 0xFF, count: 37))
    try handle.close()
    try AtomicFile.write(Data(repeating: 1, count: 100), to: database.folder + "/vectors-2.f32")
    try AtomicFile.write(Data(repeating: 1, count: 100), to: database.folder + "/index-2.ann")
    let reader = world.engine(try SearchDatabase.open(database.folder))
    let query = try SearchQuery([(.text("red"), 1)])
    #expect(try reader.answer(query, k: 99).hits.count == 20)
    let writer = try SearchWriter(try SearchDatabase.open(database.folder))
    #expect(!FileManager.default.fileExists(atPath: database.folder + "/vectors-2.f32"))
    #expect(!FileManager.default.fileExists(atPath: database.folder + "/index-2.ann"))
    try writer.add(world.items(5, from: 20))
    #expect(try reader.answer(query, k: 99).hits.map(\.item.id) == (0..<25).map { "item \($0)" })
  }

  @Test func searchesGoOnWhileOneWrites() async throws {
    let world = try ColourWorld()
    defer { world.remove() }
    let database = try world.database(index: "forest")
    let writer = try SearchWriter(database)
    try writer.add(world.items(50))
    try writer.rebuild()
    let folder = database.folder
    let searches = Searches()
    // A thread of its own, so that it goes on whatever else the machine does.
    Thread.detachNewThread {
      while !searches.isOver {
        do {
          let engine = SearchEngine(try SearchDatabase.open(folder), encoder: ColourEncoder())
          for _ in 0..<20 where !searches.isOver {
            let found = try engine.answer(SearchQuery([(.text("red"), 1)]), k: 10).hits
            // Whatever is added or rebuilt, the reddest stays where it is.
            searches.add(found.count == 10 && found[0].item.id == "item 0" ? nil : "\(found.map(\.item.id))")
          }
        } catch { searches.add("\(error)") }
      }
    }
    for round in 0..<12 {
      let before = searches.count
      try writer.add(world.items(10, from: 50 + 10 * round))
      if round % 3 == 2 { try writer.rebuild() }
      #expect(try await becomes { searches.count > before })
    }
    searches.isOver = true
    #expect(searches.problems.isEmpty)
  }

  @Test func damageIsTold() throws {
    let world = try ColourWorld()
    defer { world.remove() }
    #expect { try SearchDatabase.open(world.folder + "/none") } throws: { ($0 as? IeumError)?.exitCode == 65 }
    let database = try world.database(index: "forest")
    try SearchWriter(database).add(world.items(20))
    try SearchWriter(database).rebuild()
    #expect(throws: IeumError.self) { try world.database() }
    #expect(throws: IeumError.self) { try database.model() }
    let index = database.folder + "/index-1.ann"
    let whole = try Data(contentsOf: URL(fileURLWithPath: index))
    try whole.dropLast(3).write(to: URL(fileURLWithPath: index))
    let query = try SearchQuery([(.text("red"), 1)])
    #expect { try world.engine(SearchDatabase.open(database.folder)).answer(query) } throws: {
      ($0 as? IeumError)?.file == index
    }
    try whole.write(to: URL(fileURLWithPath: index))
    let vectors = database.folder + "/vectors-1.f32"
    try Data(contentsOf: URL(fileURLWithPath: vectors)).dropLast(4).write(to: URL(fileURLWithPath: vectors))
    #expect { try world.engine(SearchDatabase.open(database.folder)).answer(query) } throws: {
      ($0 as? IeumError)?.file == vectors
    }
    try FileManager.default.createDirectory(atPath: world.folder + "/empty", withIntermediateDirectories: true)
    try Data().write(to: URL(fileURLWithPath: world.folder + "/empty/items.sqlite"))
    #expect { try SearchDatabase.open(world.folder + "/empty") } throws: {
      ($0 as? IeumError)?.problem == "is damaged" && ($0 as? IeumError)?.exitCode == 65
    }
    try FileManager.default.createDirectory(atPath: world.folder + "/bad", withIntermediateDirectories: true)
    try Data(repeating: 65, count: 5000).write(to: URL(fileURLWithPath: world.folder + "/bad/items.sqlite"))
    #expect { try SearchDatabase.open(world.folder + "/bad") } throws: { ($0 as? IeumError)?.exitCode == 65 }
  }
}

private final class Searches: @unchecked Sendable {
  private let lock = NSLock()
  private var (done, failed, ended): (Int, [String], Bool) = (0, [], false)

  func add(_ problem: String?) {
    lock.withLock {
      done += 1
      if let problem { failed.append(problem) }
    }
  }

  var count: Int { lock.withLock { done } }
  var problems: [String] { lock.withLock { failed } }
  var isOver: Bool {
    get { lock.withLock { ended } }
    set { lock.withLock { ended = newValue } }
  }
}
