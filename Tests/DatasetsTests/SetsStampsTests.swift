import Basics
import Datasets
import Foundation
import Testing

@Suite struct SetsStampsTests {
  let scratch: StoreScratch
  let stamps: any DatasetSpec

  init() throws {
    scratch = try StoreScratch()
    stamps = try DatasetRegistry.named("stamps")
  }

  private func stamp(_ id: String, _ english: String, _ korean: String?, picture: String? = "png") throws {
    try scratch.write(english + "\nde.utf8=etwas\n" + (korean.map { "ko.utf8=\($0)\n" } ?? ""), id + ".txt")
    if let picture { try scratch.write("x", "\(id).\(picture)") }
  }

  private func load(language: String = "en", seed: UInt64 = 2022) throws -> Dataset {
    var options = DatasetOptions(root: scratch.path, language: language)
    options.seed = seed
    options.acceptOtherData = true
    return try stamps.load(options)
  }

  @Test func stampsAreReadAndTheRestIsListed() throws {
    try stamp("animals/birds/crow", "A crow.", "\u{1101}\u{1161}마귀")
    try scratch.write("x", "animals/birds/crow.ogg")
    try stamp("animals/birds/crow_mirror", "A crow.", "까마귀")
    try stamp("town/bus", "A bus.", "버스", picture: "svg")
    try scratch.write("x", "town/bus.png")
    try stamp("town/car", "A car.", "차", picture: "svg")
    try stamp("town/van", "A van.", nil)
    try stamp("town/tram", "A tram.", "전차", picture: nil)
    try stamp("town/empty", "", "빈")
    try scratch.write("x", "town/wordless.png")
    let set = try load()
    let items = set.allItems.sorted { $0.id < $1.id }
    #expect(items.map(\.id) == ["animals/birds/crow", "town/bus", "town/car"])
    #expect(items.map(\.label) == ["animals", "town", "town"])
    // NFC: the jamo became one syllable.
    #expect(items[0].texts["ko"]?.unicodeScalars.first?.value == 0xAE4C)
    #expect(items[0].audioPath == scratch.file("animals/birds/crow.ogg"))
    #expect(
      items[1].imagePaths == [scratch.file("town/bus.png")]
        && items[2].imagePaths == [scratch.file("town/car.svg")])
    #expect(
      set.skipped.map(\.id) == [
        "animals/birds/crow_mirror", "town/empty", "town/tram", "town/van", "town/wordless",
      ])
    #expect(try load(language: "ko").digest == set.digest)
    #expect(try load(language: "de").allItems[0].texts["de"] == "etwas")
    #expect(refusal { try load(language: "xx") }?.problem == "holds no stamps")
  }

  @Test func equalCaptionsStayOnOneSide() throws {
    for i in 0..<60 { try stamp("a/s\(i)", "Caption \(i / 3).", "설명 \(i / 2)") }
    for i in 0..<40 { try stamp("b/big/s\(i)", "Big \(i).", "큰 \(i)") }
    let set = try load()
    // 60 stamps in ten groups of six that must stay together (quota 38/16/6), and 40 single ones (26/10/4).
    #expect(set.card.splits == ["train": 36 + 26, "test": 18 + 10, "validation": 6 + 4])
    #expect(set.card.classes["b/big"] == ["train": 26, "test": 10, "validation": 4])
    for language in ["en", "ko"] {
      let sides = Split.allCases.map { split in Set(set.items(in: split).compactMap { $0.texts[language] }) }
      #expect(
        sides[0].isDisjoint(with: sides[1]) && sides[1].isDisjoint(with: sides[2])
          && sides[0].isDisjoint(with: sides[2]))
    }
    #expect(try load(seed: 7).digest != set.digest)
    #expect(try load(seed: 7).card.splits == set.card.splits)
  }

  @Test func otherDataThanTheCardAreRefused() throws {
    try stamp("town/bus", "A bus.", "버스")
    let error = refusal { try stamps.load(DatasetOptions(root: scratch.path)) }
    #expect(error?.problem.contains("expected 945 items, found 1") == true && error?.kind == .data)
    #expect(!stamps.check(DatasetOptions(root: scratch.path)).ready)
    let absent = refusal { try stamps.load(DatasetOptions(root: scratch.file("absent"))) }
    #expect(absent?.remedy?.contains("tuxpaint-stamps-default") == true)
  }

  @Test func invalidCaptionsAreRefused() throws {
    try scratch.write(Data([0x41, 0xFF, 10]), "town/bus.txt")
    try scratch.write("x", "town/bus.png")
    #expect(refusal { try load() }?.problem.contains("UTF-8") == true)
  }

  @Test(.enabled(if: FileManager.default.fileExists(atPath: "/usr/share/tuxpaint/stamps/animals")))
  func thePackageAgreesWithTheCard() throws {
    let set = try stamps.load(DatasetOptions())
    #expect(set.card.items == 945 && set.card.classes.count == 27)
    #expect(try stamps.load(DatasetOptions(language: "ko")).digest == set.digest)
    let report = stamps.check(content: true)
    #expect(report.ready && report.found.contains("agrees with the committed card"))
    #expect(report.unanswerable == ["naturalforces/lightningbolt"])
    let birds = set.items(in: .test).filter { $0.label == "animals/birds" }
    let relevant = set.relevantIDs(of: birds[0], among: set.items(in: .test))
    #expect(relevant.count == birds.count - 1 && !relevant.contains(birds[0].id))
  }
}
