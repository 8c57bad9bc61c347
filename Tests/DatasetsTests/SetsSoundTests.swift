import Basics
import Datasets
import Foundation
import Testing

/// VGGSound in both releases, and clips of Korean films.
@Suite struct SetsSoundTests {
  let scratch: StoreScratch
  let vggsound: any DatasetSpec
  let clips: any DatasetSpec

  init() throws {
    scratch = try StoreScratch()
    vggsound = try DatasetRegistry.named("vggsound")
    clips = try DatasetRegistry.named("korean-clips")
  }

  private func options(_ change: (inout DatasetOptions) -> Void = { _ in }) -> DatasetOptions {
    var options = DatasetOptions(root: scratch.path)
    options.acceptOtherData = true
    change(&options)
    return options
  }

  @Test func bothReleasesOfVGGSound() throws {
    try scratch.write(
      "---1_cCGK4M,30,\"dog barking, howling\",train\n-0_abc,0,people whistling,test\nz9,110,people whistling,test\n", "vggsound.csv")
    try scratch.write("---1_cCGK4M_000030.mp4,\"dog barking, howling\"\n", "train.csv")
    try scratch.write("-0_abc_000000.mp4,people whistling\n", "test.csv")
    try scratch.write("x", "videos/-0_abc_000000.mp4")
    let full = try vggsound.load(options { $0.split = "vggsound-full" })
    #expect(full.items(in: .train).map(\.id) == ["---1_cCGK4M_000030"])
    #expect(full.items(in: .train)[0].label == "dog barking, howling")
    #expect(full.items(in: .test).map(\.id) == ["-0_abc_000000", "z9_000110"])
    #expect(full.completeness[.test] == Completeness(listed: 2, found: 1, missing: ["z9_000110"]))
    let archive = try vggsound.load(options())
    #expect(archive.split?.id == "vggsound-199176" && archive.items(in: .test).map(\.id) == ["-0_abc_000000"])
    #expect(archive.items(in: .train).map(\.captions) == full.items(in: .train).map(\.captions))
    let strict = refusal { try vggsound.load(options { $0.acceptOtherData = false }) }
    #expect(strict?.problem == "train has 1 items, the published one 183730")
    let other = refusal { try vggsound.load(options { $0.acceptOtherData = false; $0.split = "vggsound-full" }) }
    #expect(other?.problem.contains("15496") == true)
  }

  /// Half of what a sound is asked of may have none: a check of contents names them.
  @Test func clipsWithoutSoundAreCounted() throws {
    let ids = (0..<4).map { "clip\($0)_00003\($0)" }
    try scratch.write(ids.prefix(3).map { "\($0).mp4,people whistling\n" }.joined(), "train.csv")
    try scratch.write("\(ids[3]).mp4,people whistling\n", "test.csv")
    try scratch.write("", "videos/.keep")
    for (number, id) in ids.enumerated() where number != 1 {
      _ = try NumberedFilm(name: id + ".mp4", times: Array(0..<30), tone: number % 2 == 0 ? nil : 440)
        .write(in: scratch.file("videos"))
    }
    let report = vggsound.check(options(), content: true)
    #expect(report.decodable?["train"]?.text == "2/3" && report.unreadable?.isEmpty == true)
    #expect(report.sounding?["train"] == Completeness(listed: 3, found: 0, missing: [ids[0], ids[1], ids[2]]))
    #expect(report.sounding?["test"] == Completeness(listed: 1, found: 1))
    #expect(report.text.contains("with a sound: train 0/3, test 1/1") && report.text.contains("without a sound: such as \(ids[0])"))
    #expect(vggsound.check(options()).sounding == nil)
  }

  @Test func wrongVGGSoundFilesAreRefused() throws {
    func problem(_ text: String) throws -> IeumError? {
      try scratch.write(text, "vggsound.csv")
      return refusal { try vggsound.load(options { $0.split = "vggsound-full" }) }
    }
    // A label with a comma that is not quoted makes a field too many.
    let naive = try problem("a,1,cat,train\nb,2,dog barking, howling,test\n")
    #expect(naive?.place == "line 2" && naive?.problem.contains("5 fields") == true)
    #expect(try problem("a,x,cat,train\n")?.problem.contains("'x'") == true)
    #expect(try problem("a,1,cat,valid\n")?.problem.contains("'valid'") == true)
    #expect(try problem("a,1,,train\n")?.problem == "the label is empty")
    #expect(try problem("a,1,cat,train\na,1,cat,train\n")?.problem.contains("'a_000001' comes twice") == true)
    let leak = try problem("a,1,cat,train\na,1,cat,test\n")
    #expect(leak?.problem.contains("1 of 1 items of test are in train too") == true)
    try scratch.write("a_000001.mp4,cat\n", "train.csv")
    try scratch.write("a_12.mp4,cat\n", "test.csv")
    #expect(refusal { try vggsound.load(options()) }?.problem.contains("not named ID_SECOND.mp4") == true)
  }

  private let header = "id,film,start,end,sentence\n"

  @Test func filmsStayOnOneSide() throws {
    let rows = (0..<120).map { "c\($0),영화\($0 / 6),\($0 % 6 * 20),\(Double($0 % 6 * 20) + 19.5),\"걷는 남자 \($0), 밤\"\n" }
    try scratch.write(header + rows.joined(), "clips.csv")
    let set = try clips.load(options())
    #expect(set.allItems.count == 120 && set.skipped.isEmpty && set.language == "ko")
    var sides: [String: Set<Split>] = [:]
    for split in Split.allCases { for item in set.items(in: split) { sides[item.label ?? "", default: []].insert(split) } }
    #expect(sides.count == 20 && sides.values.allSatisfy { $0.count == 1 })
    #expect(Split.allCases.map { set.items(in: $0).count } == [78, 30, 12])
    #expect(set.split?.id == "films-64-26-10-s2022")
    let given = (0..<20).map { "영화\($0),\($0 < 2 ? "test" : $0 < 3 ? "validation" : "train")\n" }
    try scratch.write("film,split\n" + given.joined(), "split.csv")
    let own = try clips.load(options())
    #expect(Split.allCases.map { own.items(in: $0).count } == [102, 12, 6] && own.split?.id == "films-given")
    try scratch.write("film,split\n" + given.dropLast().joined(), "split.csv")
    #expect(refusal { try clips.load(options()) }?.problem.contains("'영화19' has no split") == true)
    try scratch.write("film,split\n" + given.joined() + "영화0,train\n", "split.csv")
    #expect(refusal { try clips.load(options()) }?.place == "line 22")
  }

  @Test func clipsOfTheirOwnAndRangesOfFilms() throws {
    let name = "영화"
    try scratch.write(header + "가1,\(name),20,40.5,남자가 걷는다\n나2,\(name),1:00,1:20,여자\n", "clips.csv")
    // File names as some file systems give them: decomposed.
    try scratch.write("x", "films/\(name.decomposedStringWithCanonicalMapping).mkv")
    try scratch.write("x", "clips/\("나2".decomposedStringWithCanonicalMapping).mp4")
    let items = Dictionary(uniqueKeysWithValues: try clips.load(options()).allItems.map { ($0.id, $0) })
    let range = try #require(items["가1"])
    #expect(range.start == 20 && range.end == 40.5 && range.videoPath?.hasSuffix(".mkv") == true)
    let own = try #require(items["나2"])
    #expect(own.start == nil && own.end == nil && own.videoPath?.contains("/clips/") == true)
    // A decomposed sentence and id are the same item.
    try scratch.write(
      header + "가1,영화,0,1,남자\n".decomposedStringWithCanonicalMapping, "clips.csv")
    let composed = try clips.load(options()).allItems
    #expect(composed[0].id.unicodeScalars.count == 2 && composed[0].texts["ko"]?.unicodeScalars.count == 2)
  }

  @Test func badRowsAreSkippedAndBadTablesRefused() throws {
    func load(_ rows: String) throws -> Dataset {
      try scratch.write(header + rows, "clips.csv")
      return try clips.load(options())
    }
    let set = try load("a,f,0,20,x\nb,f,20,20,x\nc,f,x,20,x\nd,,0,1,x\ne,f,0,1,\ng,f,1:00,0:59,x\n")
    #expect(set.allItems.map(\.id) == ["a"] && set.skipped.map(\.id) == ["b", "c", "d", "e", "g"])
    #expect(set.skipped[0].reason == "line 3: the clip ends at 20, before it has begun")
    // All six are listed: what cannot be used does not make the set smaller.
    let counts = Split.allCases.compactMap { set.completeness[$0] }
    #expect(counts.reduce(0) { $0 + $1.listed } == 6 && counts.allSatisfy { $0.found == 0 })
    #expect(Split.allCases.flatMap { set.unusable(in: $0) }.sorted() == ["b", "c", "d", "e", "g"])
    #expect(refusal { try load("a,f,0,20,x\na,f,20,40,y\n") }?.place == "line 3")
    #expect(refusal { try load("a,f,0,0,x\n") }?.problem.contains("no usable clips") == true)
    try scratch.write("id,film,start,end,caption\na,f,0,1,x\n", "clips.csv")
    #expect(refusal { try clips.load(options()) }?.problem == "the column 'sentence' is missing")
    // EUC-KR, as old spreadsheets save it.
    try scratch.write(Data((header + "a,f,0,1,").utf8) + Data([0xB3, 0xB2, 0xC0, 0xDA, 0x0A]), "clips.csv")
    let encoding = refusal { try clips.load(options()) }
    #expect(encoding?.problem == "is not valid UTF-8" && encoding?.place == "line 2")
  }
}
