import Basics
import Datasets
import Foundation
import Testing

@Suite struct SetsFilmsTests {
  let scratch: StoreScratch
  let films: any DatasetSpec

  init() throws {
    scratch = try StoreScratch()
    films = try DatasetRegistry.named("films")
  }

  /// Twelve films with three pictures each; film 11 has two, film 10 has no plot, film 9 an empty one.
  private func miniature() throws {
    try scratch.write("id,title\n" + (0..<12).map { "f\($0),영화 \($0)\n" }.joined(), "titles.csv")
    try scratch.write(
      "id,plot\n"
        + (0..<12).filter { $0 != 10 }.map { "f\($0),\"\($0 == 9 ? " " : "줄거리, \($0)")\"\n" }.joined(),
      "plots.csv")
    try scratch.write("id,related_id\nf0,f1\nf0,f2\nf3,f4\nf3,stranger\n", "related.csv")
    for film in 0..<12 {
      for picture in 0..<(film == 11 ? 2 : 3) { try scratch.write("x", "images/f\(film)/\(picture).jpg") }
      try scratch.write("x", "images/f\(film)/notes.txt")
    }
  }

  private func options(minimum: Int = 3) -> DatasetOptions {
    var options = DatasetOptions(root: scratch.path)
    options.minimumImages = minimum
    return options
  }

  @Test func aMiniatureIsLoaded() throws {
    try miniature()
    let films = try films.load(options())
    #expect(films.allItems.count == 9)
    #expect(films.skipped.map(\.id) == ["f9", "f10", "f11"])
    #expect(films.skipped[0].reason.contains("line 11"))
    #expect(films.skipped[2].reason.contains("2 images"))
    #expect(films.notes.first?.contains("1 related ids") == true)
    let item = try #require(films.allItems.first { $0.id == "f0" })
    #expect(try films.text(of: item) == "줄거리, 0" && item.title == "영화 0" && item.imagePaths.count == 3)
    #expect(films.relevantIDs(of: item, among: films.allItems.sorted { $0.id < $1.id }) == ["f1", "f2"])
    #expect(films.items(in: .test).count == 2 && films.items(in: .validation).count == 1)
    #expect(try self.films.load(options()).digest == films.digest)
    #expect(try self.films.load(options(minimum: 2)).digest != films.digest)
  }

  @Test func aGivenSplitIsUsedAndRelationsGoBothWays() throws {
    try miniature()
    try scratch.write(
      "id,split\n"
        + (0..<12).map { "f\($0),\($0 < 5 ? "test" : $0 < 8 ? "train" : "validation")\n" }.joined(),
      "split.csv")
    try scratch.write("id,genre\nf0,drama\n", "genres.csv")
    let films = try films.load(options())
    let task = films.retrieval(in: .test)
    #expect(task.items.map(\.id) == ["f0", "f1", "f2", "f3", "f4"])
    #expect(task.relevantRows == [[1, 2], [0], [0], [4], [3]])
    #expect(task.queryRows == [0, 1, 2, 3, 4] && task.unanswerableIDs == [])
    #expect(films.items(in: .test)[0].label == "drama")
    #expect(films.retrieval(in: .train).unanswerableIDs == ["f5", "f6", "f7"])
  }

  @Test func badDataAreRefusedWithFileAndLine() throws {
    func problem(_ file: String, _ text: String) throws -> IeumError? {
      try miniature()
      try scratch.write(text, file)
      defer { try? FileManager.default.removeItem(atPath: scratch.file(file)) }
      return refusal { try films.load(options()) }
    }
    let twice = try problem("titles.csv", "id,title\na,1\nb,2\na,3\n")
    #expect(twice?.file?.hasSuffix("titles.csv") == true && twice?.place == "line 4")
    #expect(twice?.problem.contains("'a'") == true && twice?.exitCode == 65)
    #expect(try problem("titles.csv", "id,title\na,1\n,2\n")?.place == "line 3")
    #expect(try problem("plots.csv", "id,plot\nf0,x\nnobody,y\n")?.place == "line 3")
    #expect(try problem("plots.csv", "id,text\nf0,x\n")?.problem.contains("'plot'") == true)
    #expect(try problem("related.csv", "id,related_id\nnobody,f1\n")?.place == "line 2")
    #expect(try problem("split.csv", "id,split\nf0,tset\n")?.problem.contains("'tset'") == true)
    #expect(try problem("split.csv", "id,split\nf0,test\n")?.problem.contains("'f1'") == true)
  }

  @Test func whatIsMissingIsListed() throws {
    try scratch.write("id,title\n", "titles.csv")
    let error = refusal { try films.load(options()) }
    #expect(error?.problem == "missing: plots.csv, related.csv, images")
    let report = films.check(options())
    #expect(!report.ready && report.missing.count == 1 && report.text.contains("not ready"))
    try miniature()
    #expect(refusal { try films.load(options(minimum: 21)) }?.problem.contains("none of 12 films") == true)
    let whole = films.check(options())
    #expect(whole.ready && whole.card?.splits == ["train": 6, "test": 2, "validation": 1])
    let decoded = try JSONDecoder().decode(DatasetReport.self, from: Data(whole.json().utf8))
    #expect(decoded.skipped.count == 3 && decoded.card == whole.card)
  }
}
