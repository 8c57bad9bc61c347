import Basics
import Datasets
import Foundation
import Testing

/// Pictures with sentences in many languages: XTD10 and Crossmodal-3600.
@Suite struct SetsLanguageTests {
  let scratch: StoreScratch
  let xtd: any DatasetSpec
  let crossmodal: any DatasetSpec

  init() throws {
    scratch = try StoreScratch()
    xtd = try DatasetRegistry.named("xtd10")
    crossmodal = try DatasetRegistry.named("crossmodal3600")
  }

  private func options(_ change: (inout DatasetOptions) -> Void = { _ in }) -> DatasetOptions {
    var options = DatasetOptions(root: scratch.path)
    options.acceptOtherData = true
    change(&options)
    return options
  }

  private let names = "COCO_train2014_000000061844.jpg\nCOCO_val2014_000000129945.jpg\nCOCO_train2014_000000000009.jpg\n"

  @Test func picturesOfCOCOInKorean() throws {
    try scratch.write(names, "test_image_names.txt")
    // CRLF and no line feed at the end, as published; decomposed Hangul.
    try scratch.write("남자들이 걷는다\r\n고양이 한 마리\r\n새".decomposedStringWithCanonicalMapping, "test_1kcaptions_ko.txt")
    try scratch.write("men\na cat\nbirds\n", "XTD10/test_1kcaptions_en.txt")
    try scratch.write("x", "images/COCO_val2014_000000129945.jpg")
    try scratch.write("x", "train2014/COCO_train2014_000000000009.jpg")
    let set = try xtd.load(options())
    #expect(set.language == "ko" && set.split?.id == "xtd10" && set.allItems.count == 3)
    #expect(set.items(in: .test).map(\.id) == ["61844", "129945", "9"])
    #expect(set.items(in: .test).map { set.captions(of: $0) } == [["남자들이 걷는다"], ["고양이 한 마리"], ["새"]])
    #expect(set.captions(of: set.items(in: .test)[2])[0].unicodeScalars.count == 1)
    #expect(set.completeness[.test] == Completeness(listed: 3, found: 2, missing: ["61844"]))
    let english = try xtd.load(options { $0.language = "en" })
    #expect(english.captions(of: english.items(in: .test)[1]) == ["a cat"] && english.split == set.split)
    // Who trained on COCO has seen the pictures.
    try scratch.write(
      """
      {"images": [{"filepath": "train2014", "filename": "a.jpg", "split": "train", "cocoid": 9, "sentences": [{"raw": "x"}]},
      {"filepath": "val2014", "filename": "b.jpg", "split": "val", "cocoid": 7, "sentences": [{"raw": "y"}]}]}
      """, "coco/dataset_coco.json")
    let coco = try DatasetRegistry.named("coco").load(options { $0.root = scratch.file("coco") })
    #expect(LeakCheck.between((coco, [.train]), (set, .test)).shares == ["train+test": 1])
  }

  @Test func wrongListsAreRefused() throws {
    func problem(_ names: String, _ sentences: String, _ change: (inout DatasetOptions) -> Void = { _ in }) throws -> IeumError? {
      try scratch.write(names, "test_image_names.txt")
      try scratch.write(sentences, "test_1kcaptions_ko.txt")
      return refusal { try xtd.load(options(change)) }
    }
    let short = try problem(names, "가\n나\n")
    #expect(short?.problem == "has 2 lines for 3 pictures" && short?.file?.hasSuffix("test_1kcaptions_ko.txt") == true)
    #expect(try problem("a.jpg\n", "가\n")?.problem.contains("'a.jpg' is not COCO_train2014_NUMBER.jpg") == true)
    let twice = try problem(names + names, "가\n나\n다\n라\n마\n바\n")
    #expect(twice?.place == "line 4" && twice?.problem.contains("listed twice") == true)
    #expect(try problem(names, "가\n나\n다\n") { $0.acceptOtherData = false }?.problem.contains("1000") == true)
    #expect(try problem(names, "가\n나\n다\n") { $0.language = "fi" }?.exitCode == 64)
    #expect(try problem(names, "가\n나\n다\n") { $0.language = "ja" }?.file?.hasSuffix("test_1kcaptions_jp.txt") == true)
    try scratch.write(Data([0xB0, 0xA1, 0x0A, 0x0A, 0x0A]), "test_1kcaptions_ko.txt")
    #expect(refusal { try xtd.load(options()) }?.problem == "is not valid UTF-8")
    // A picture whose sentence is empty still counts.
    #expect(try problem(names, "가\n\n다\n") == nil)
    let set = try xtd.load(options())
    #expect(set.skipped.map(\.id) == ["129945"] && set.completeness[.test]?.listed == 3)
  }

  private func line(_ key: String, ko: String = "\"남자\", \"걷는 남자\"") -> String {
    "{\"image/key\": \"\(key)\", \"image/locale\": \"ko\", \"ko\": {\"caption\": [\(ko)], \"caption/tokenized\": [\"x\"]}, "
      + "\"en\": {\"caption\": [\"A man\"]}}\n"
  }

  @Test func crossmodalInKorean() throws {
    try scratch.write(line("0a1b") + "\n" + line("ffee", ko: ""), "captions.jsonl")
    try scratch.write("x", "images/0a1b.jpg")
    let set = try crossmodal.load(options())
    #expect(set.split?.id == "xm3600" && set.items(in: .test).map(\.id) == ["0a1b"] && set.notes == ["2 languages"])
    #expect(set.captions(of: set.items(in: .test)[0]) == ["남자"] && set.skipped.map(\.id) == ["ffee"])
    #expect(set.completeness[.test] == Completeness(listed: 2, found: 1, missing: ["ffee"]))
    let all = try crossmodal.load(options { $0.captions = .all })
    #expect(all.captions(of: all.items(in: .test)[0]) == ["남자", "걷는 남자"])
    let english = try crossmodal.load(options { $0.language = "en" })
    #expect(english.items(in: .test).count == 2)
  }

  @Test func wrongCrossmodalFilesAreRefused() throws {
    func problem(_ text: String, _ change: (inout DatasetOptions) -> Void = { _ in }) throws -> IeumError? {
      try scratch.write(text, "captions.jsonl")
      return refusal { try crossmodal.load(options(change)) }
    }
    let twice = try problem(line("a") + line("b") + line("a"))
    #expect(twice?.place == "line 3" && twice?.problem.contains("'a' stands on line 1 already") == true)
    #expect(try problem("{\"ko\": {\"caption\": [\"x\"]}}\n")?.problem == "the field 'image/key' is missing")
    #expect(try problem("{\"image/key\": \"a\", \"ko\": {}}\n")?.problem == "the field 'caption' is missing")
    #expect(try problem(line("a") + "{\"image/key\": \"b\", \"ko\"")?.place == "line 2")
    #expect(try problem(line("a")) { $0.language = "fr" }?.exitCode == 64)
    #expect(try problem(line("a")) { $0.acceptOtherData = false }?.problem.contains("3600") == true)
    #expect(try problem("")?.problem == "holds no pictures")
  }
}
