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
