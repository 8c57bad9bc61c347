import Basics
import Datasets
import Foundation
import Harness
import Search
import Testing

@Suite struct IngestTests {
  @Test func picturesAndClipsOfAFolderAreFound() throws {
    let world = try ColourWorld()
    defer { world.remove() }
    let red = try world.picture("red_ball.jpg", 250, 10, 10)
    let blue = try world.picture("blue-sea.jpg", 10, 10, 250)
    let film = try world.film("traffic light.mp4", seconds: 4)
    try AtomicFile.write("no picture", to: world.folder + "/media/broken.png")
    try AtomicFile.write("a note", to: world.folder + "/media/notes.txt")
    let database = try world.database()
    let ingest = SearchIngest(database, encoder: world.encoder)
    let outcome = try ingest.add(files: [world.folder + "/media"], seconds: 4)
    #expect(outcome.added == 5 && outcome.failed.count == 1, "\(outcome)")
    #expect(outcome.failed.first?.id.hasSuffix("broken.png") == true)

    let engine = world.engine(database)
    let green = try engine.answer(SearchQuery([(.text("green"), 1)]), k: 1).hits[0].item
    #expect(green.id == film + "@4" && green.start == 4 && green.end == 8 && green.seconds == 4)
    #expect(green.film == "traffic light.mp4" && green.caption == "traffic light")
    let reds = try engine.answer(SearchQuery([(.text("red"), 1)]), k: 2).hits.map(\.item.id)
    #expect(Set(reds) == [red, film + "@0"])
    // By picture and by clip.
    let byPicture = try engine.answer(SearchQuery([(.media(.pictures([blue]), name: "blue"), 1)]), k: 2).hits
    #expect(Set(byPicture.map(\.item.id)) == [blue, film + "@8"])
    let byClip = try engine.answer(
      SearchQuery([(.media(.film(film, start: 0, end: 4), name: "clip"), 1)]), k: 2
    ).hits
    #expect(Set(byClip.map(\.item.id)) == [red, film + "@0"])

    let thumbnail = try #require(byPicture[0].item.thumbnail)
    let picture = try ImageDecoder.decode("\(database.folder)/thumbnails/\(thumbnail)")
    #expect(picture.width == 192 && picture.pixels[2] > 200)
    #expect(try database.mayRead(red) && database.mayRead(film))
    #expect(try !database.mayRead(world.folder + "/media/../index/items.sqlite"))
    #expect(try !database.mayRead("/etc/passwd"))
    // The same files again change nothing.
    #expect(try ingest.add(files: [world.folder + "/media"], seconds: 4).added == 5)
    #expect(try database.summary().items == 5)
    #expect(throws: IeumError.self) { try ingest.add(files: [world.folder + "/nowhere"]) }
  }

  @Test func clipsOfLessThanASecondAreAllThere() throws {
    let world = try ColourWorld()
    defer { world.remove() }
    let film = try world.film("light.mp4", seconds: 1)
    let database = try world.database()
    let outcome = try SearchIngest(database, encoder: world.encoder).add(files: [film], seconds: 0.5)
    #expect(outcome.added == 6 && outcome.failed.isEmpty)
    #expect(try database.summary().items == 6)
    for label in ["0", "0.5", "1", "1.5", "2", "2.5"] { #expect(try database.item("\(film)@\(label)").item.path == film) }
    #expect(try SearchIngest(database, encoder: world.encoder).add(files: [film], seconds: 1e-300).added == 0)
  }

  @Test func anotherCutTakesThePlaceOfTheFormer() throws {
    let world = try ColourWorld()
    defer { world.remove() }
    let film = try world.film("light.mp4", seconds: 4)
    let other = try world.film("light.mp4@0.mp4", seconds: 4)
    let database = try world.database()
    let ingest = SearchIngest(database, encoder: world.encoder)
    func ids() throws -> Set<String> {
      Set(try database.nearest([1, 0, 0], k: 1000).map(\.item.id))
    }
    // The same file in another dataset is another's business.
    try SearchWriter(database).add([
      (SearchItem(id: film + "@77", dataset: "x", path: film, caption: "x"), [1, 0, 0])
    ])
    _ = try ingest.add(files: [film, other], seconds: 2)
    let rest = Set((0..<6).map { "\(other)@\(2 * $0)" } + [film + "@77"])
    #expect(try ids() == rest.union((0..<6).map { "\(film)@\(2 * $0)" }))
    _ = try ingest.add(files: [film], seconds: 4)
    #expect(try ids() == rest.union([film + "@0", film + "@4", film + "@8"]))
    _ = try ingest.add(files: [film], seconds: 60)
    #expect(try ids() == rest.union([film]))
    _ = try ingest.add(files: [film], seconds: 4)
    // Cut short by its owner.
    _ = try world.film("light.mp4", seconds: 2)
    _ = try ingest.add(files: [film], seconds: 4)
    #expect(try ids() == rest.union([film + "@0", film + "@4"]))
    #expect(try database.summary().items == 9)
  }

  @Test func idsStandOnce() throws {
    let world = try ColourWorld()
    defer { world.remove() }
    let red = try world.picture("red.jpg", 250, 10, 10)
    let database = try world.database()
    // A file that is named twice is one file.
    let outcome = try SearchIngest(database, encoder: world.encoder).add(files: [world.folder + "/media", red])
    #expect(outcome.added == 1 && outcome.failed.isEmpty)
    let one = world.items(1)
    #expect { try SearchWriter(database).add(one + one) } throws: { ($0 as? IeumError)?.problem.contains("twice") == true }
    #expect(try database.summary().items == 1)
  }

  @Test func thumbnailsGoWithTheirItems() throws {
    let world = try ColourWorld()
    defer { world.remove() }
    let red = try world.picture("red.jpg", 250, 10, 10)
    let blue = try world.picture("blue.jpg", 10, 10, 250)
    let database = try world.database()
    _ = try SearchIngest(database, encoder: world.encoder).add(files: [red, blue])
    let names = try [red, blue].map { try #require(try database.item($0).item.thumbnail) }
    let writer = try SearchWriter(database)
    #expect(try writer.remove([red]).isEmpty)
    try writer.rebuild()
    #expect(try FileManager.default.contentsOfDirectory(atPath: database.folder + "/thumbnails") == [names[1]])
  }

  @Test func aReasonDoesNotNameTheFileAgain() throws {
    let world = try ColourWorld()
    defer { world.remove() }
    for name in ["broken.png", "broken.mp4"] { try AtomicFile.write("nothing", to: "\(world.folder)/media/\(name)") }
    let outcome = try SearchIngest(world.database(), encoder: world.encoder).add(files: [world.folder + "/media"])
    #expect(outcome.failed.count == 2)
    for (id, reason) in outcome.failed { #expect(!reason.contains(id) && !reason.isEmpty, "\(reason)") }
  }

  @Test func filmsAreCutAtTheirShots() throws {
    let world = try ColourWorld()
    defer { world.remove() }
    let film = try world.film("shots.mp4", seconds: 3)
    let database = try world.database()
    let ingest = SearchIngest(database, encoder: world.encoder)
    #expect(try ingest.add(files: [film], shots: true).added == 3)
    let shots = try [0, 3, 6].map { try database.item("\(film)@\($0)").item }
    #expect(shots.map(\.start) == [0, 3, 6] && shots.map(\.end) == [3, 6, nil] && shots.map(\.seconds) == [3, 3, 3])
    let green = try world.engine(database).answer(SearchQuery([(.text("green"), 1)]), k: 1).hits[0]
    #expect(green.item.id == film + "@3" && green.score > 0.99)
    // A shot that is too long becomes equal parts.
    let second = try world.database("halves")
    #expect(try SearchIngest(second, encoder: world.encoder).add(files: [film], seconds: 2, shots: true).added == 6)
    let half = try second.item(film + "@4.5").item
    #expect(half.start == 4.5 && half.end == 6 && half.seconds == 1.5)
  }

  @Test func soundsAreRefusedWhereNothingHears() throws {
    let world = try ColourWorld()
    defer { world.remove() }
    let database = try world.database()
    let red = try world.picture("red.jpg", 250, 10, 10)
    let sound = world.folder + "/media/tone.wav"
    try AtomicFile.write("no sound either", to: sound)
    let ingest = SearchIngest(database, encoder: world.encoder)
    // Of a folder only what the model takes; a file that is named is told.
    #expect(try ingest.add(files: [world.folder + "/media"]).added == 1)
    let outcome = try ingest.add(files: [sound, red])
    #expect(outcome.added == 1 && outcome.failed.first?.reason.contains("no sound side") == true, "\(outcome)")
    #expect { try world.engine(database).answer(SearchQuery([(.media(.sound(sound, start: nil, end: nil), name: "s"), 1)])) }
      throws: { ($0 as? IeumError)?.exitCode == 64 }
  }

  @Test func theSheetHoldsEverythingItShows() throws {
    let world = try ColourWorld()
    defer { world.remove() }
    _ = try world.picture("a <b>&c.jpg", 250, 10, 10)
    let database = try world.database()
    _ = try SearchIngest(database, encoder: world.encoder).add(files: [world.folder + "/media"])
    let answer = try world.engine(database).answer(SearchQuery([(.text("red <i>"), 1)]))
    let html = SearchSheet(title: "T", note: "n", answers: [answer], folder: database.folder).html
    #expect(html.contains("data:image/jpeg;base64,") && html.contains("a &lt;b&gt;&amp;c"))
    #expect(html.contains("red &lt;i&gt;") && !html.contains("<i>") && !html.contains("http"))
  }
}
