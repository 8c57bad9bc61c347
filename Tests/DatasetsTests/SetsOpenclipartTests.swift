import Basics
import Datasets
import Foundation
import Testing

@Suite struct SetsOpenclipartTests {
  let scratch: StoreScratch
  let clipart: any DatasetSpec

  init() throws {
    scratch = try StoreScratch()
    clipart = try DatasetRegistry.named("openclipart")
  }

  private func drawing(_ id: String, title: String, description: String = "", keywords: [String] = []) throws {
    let bag = keywords.map { "<rdf:li>\($0)</rdf:li>" }.joined(separator: "\n")
    try scratch.write(
      """
      <svg width="10" height="10"><metadata><rdf:RDF><cc:Work><dc:title>\(title)</dc:title>
      <dc:description>\(description)</dc:description><dc:subject><rdf:Bag>\(bag)</rdf:Bag></dc:subject>
      <dc:publisher><cc:Agent><dc:title>Open Clip Art Library</dc:title></cc:Agent></dc:publisher>
      </cc:Work></rdf:RDF></metadata></svg>
      """, id + ".svg")
  }

  private func load(seed: UInt64 = 7) throws -> Dataset {
    var options = DatasetOptions(root: scratch.path)
    options.seed = seed
    return try clipart.load(options)
  }

  @Test func captionsAreThoseOfTheDrawingItself() throws {
    try drawing(
      "food/pie_apple_01", title: "Apple Pie (B &amp;amp; W)", description: "A  round\n pie.",
      keywords: ["hash", "Food", "apple_pie"])
    try drawing("food/tea", title: "HASH(0x1)", description: "HASH(0x2)")
    try drawing("office/book_02", title: "Clipart by Nicu - book_02")
    for i in 0..<25 { try drawing("icons/disk_\(i)", title: "One Theme", keywords: ["theme"]) }
    for word in ["cut", "paste"] { try drawing("icons/\(word)", title: "One Theme", keywords: ["theme"]) }
    let set = try load()
    let captions = Dictionary(uniqueKeysWithValues: set.allItems.map { ($0.id, $0.captions["en"] ?? []) })
    #expect(captions["food/pie_apple_01"] == ["apple pie", "a round pie.", "food, apple pie"])
    #expect(captions["food/tea"] == ["tea"])
    #expect(captions["office/book_02"] == ["book"])
    // The collection's title and keyword are everyone's; the names tell two of them apart from the numbered ones.
    #expect(captions["icons/cut"] == ["cut"] && captions["icons/paste"] == ["paste"])
    #expect(captions.count == 5)
    #expect(set.skipped.count == 25 && set.skipped.allSatisfy { $0.reason == "has no caption of its own" })
    #expect(set.allItems.first { $0.id == "icons/cut" }?.label == "icons")
  }

  @Test func equalTitlesStayOnOneSideAndSeedsDecide() throws {
    for i in 0..<90 { try drawing("a/n\(i)", title: "Title \(String(repeating: "x", count: 1 + i / 3))") }
    let set = try load()
    for split in Split.allCases {
      let titles = Dictionary(grouping: set.items(in: split)) { $0.texts["en"] ?? "" }
      #expect(titles.values.allSatisfy { $0.count == 3 })
    }
    #expect(try load().digest == set.digest)
    #expect(try load(seed: 8).digest != set.digest)
  }

  @Test func missingDrawingsAreToldWithTheWayOut() throws {
    #expect(refusal { try load() }?.remedy?.contains("install the Debian package openclipart-svg") == true)
    var options = DatasetOptions(root: scratch.path, language: "ko")
    options.seed = 7
    #expect(refusal { try clipart.load(options) }?.problem.contains("no texts in 'ko'") == true)
  }

  @Test func otherDrawingsThanTheCardsAreRefused() throws {
    try drawing("food/tea", title: "Tea")
    let error = refusal { try clipart.load(DatasetOptions(root: scratch.path)) }
    #expect(error?.problem.contains("expected 6342 items, found 1") == true && error?.kind == .data)
    #expect(!clipart.check(DatasetOptions(root: scratch.path)).ready)
    var options = DatasetOptions(root: scratch.path)
    options.acceptOtherData = true
    #expect(try clipart.load(options).allItems.count == 1 && clipart.check(options).ready)
  }

  @Test(.enabled(if: FileManager.default.fileExists(atPath: "/usr/share/openclipart/svg/animals")))
  func thePackageAgreesWithTheCard() throws {
    let report = clipart.check()
    #expect(report.ready && report.found.contains("agrees with the committed card"), "\(report.missing)")
    #expect(report.card?.items == 6342 && report.skipped.count == 1779)
  }
}
