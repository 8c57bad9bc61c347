import Basics
import Datasets
import Foundation
import Testing

/// MSR-VTT in every form in which it circulates: a few clips, and all 10,000 with the official ranges.
@Suite struct SetsMSRVTTTests {
  let scratch: StoreScratch
  let msrvtt: any DatasetSpec

  init() throws {
    scratch = try StoreScratch()
    msrvtt = try DatasetRegistry.named("msrvtt")
  }

  private func options(_ change: (inout DatasetOptions) -> Void = { _ in }) -> DatasetOptions {
    var options = DatasetOptions(root: scratch.path)
    options.acceptOtherData = true
    change(&options)
    return options
  }

  private func sentence(_ video: Int, _ number: Int) -> String { "clip \(video) says \(number), \"quoted\"" }

  /// `videos` and `sentences` as the official files have them.
  private func official(_ videos: [Int], captions: Int = 3, year: String = "2016") -> String {
    let entries = videos.map {
      "{\"category\": \($0 % 20), \"url\": \"https://example.org/\($0)\", \"video_id\": \"video\($0)\", "
        + "\"start time\": 137.72, \"end time\": 149.44, \"split\": \"train\", \"id\": \($0)}"
    }
    let sentences = videos.flatMap { video in
      (0..<captions).map { number in
        "{\"caption\": \"\(sentence(video, number).replacingOccurrences(of: "\"", with: "\\\""))\", "
          + "\"video_id\": \"video\(video)\", \"sen_id\": \(video * 20 + number)}"
      }
    }
    return "{\"info\": {\"contributor\": \"x\", \"year\": \"\(year)\"}, \"videos\": [\(entries.joined(separator: ", "))], "
      + "\"sentences\": [\(sentences.joined(separator: ",\n"))]}"
  }

  /// Clips 0, 1, 6513 (validation), 7010, 7020, 9770 (test).
  private let few = [0, 1, 6513, 7010, 7020, 9770]

  @Test func copiesWithAnotherInfoAreRead() throws {
    let text = official(few)
    func load(_ info: String) throws -> Dataset {
      try scratch.write(text.replacing("{\"contributor\": \"x\", \"year\": \"2016\"}", with: info), "MSRVTT_data.json")
      return try msrvtt.load(options { $0.split = "full" })
    }
    for info in ["{\"year\": 2016}", "[{\"year\": \"2016\"}]", "\"MSR-VTT, 2016\"", "[]", "null", "{\"year\": \"2016-10\"}"] {
      #expect(try load(info).items(in: .test).count == 3, "\(info)")
    }
    // Another year's stays refused, however it is written.
    for info in ["{\"year\": 2017}", "[{\"year\": \"2017\"}]", "\"MSR-VTT 2017 challenge\""] {
      try scratch.write(text.replacing("{\"contributor\": \"x\", \"year\": \"2016\"}", with: info), "MSRVTT_data.json")
      let error = refusal { try msrvtt.load(options { $0.split = "full"; $0.acceptOtherData = false }) }
      #expect(error?.problem.contains("of 2017, not of 2016") == true, "\(info): \(error as Any)")
    }
  }

  @Test func aVideoListedTwiceIsRefused() throws {
    try scratch.write(
      official(few).replacing("\"video_id\": \"video1\", \"start", with: "\"video_id\": \"video0\", \"start"), "MSRVTT_data.json")
    let error = refusal { try msrvtt.load(options { $0.split = "full" }) }
    #expect(error?.problem == "the video 'video0' is listed twice (first at videos[0] of MSRVTT_data.json)")
    #expect(error?.place == "videos[1]" && error?.exitCode == 65)
  }

  /// collaborative-experts: sentences as words, and the number of each test clip's sentence.
  @Test func picklesOfCollaborativeExperts() throws {
    try scratch.write(
      Fixture.pickle(few.map { id in ("video\(id)", (0..<3).map { ["clip", "\(id)", "says", "\($0)"] }) }), "raw-captions.pkl")
    try scratch.write("video9770\nvideo7010\n", "val_list_jsfusion.txt")
    try scratch.write(few.filter { ![9770, 7010].contains($0) }.map { "video\($0)\n" }.joined(), "train_list_jsfusion.txt")
    try scratch.write(Fixture.pickle([("video7010", 2), ("video9770", 0)]), "jsfusion_val_caption_idx.pkl")
    let set = try msrvtt.load(options())
    #expect(set.items(in: .test).map(\.id) == ["video9770", "video7010"] && set.captionPolicy == .fixedList)
    #expect(set.items(in: .test).map { set.captions(of: $0) } == [["clip 9770 says 0"], ["clip 7010 says 2"]])
    #expect(set.captions(of: set.items(in: .train)[0]).count == 3)
    try scratch.write(Fixture.pickle([("video7010", 3), ("video9770", 0)]), "jsfusion_val_caption_idx.pkl")
    let beyond = refusal { try msrvtt.load(options()) }
    #expect(beyond?.problem == "sentence 3 of 'video7010' is asked for, which has 3" && beyond?.exitCode == 65)
    try scratch.write(Fixture.pickle([("video7010", "2")]), "jsfusion_val_caption_idx.pkl")
    #expect(refusal { try msrvtt.load(options()) }?.place == "entry 'video7010'")
    try scratch.write(Fixture.pickle([("clip1", [["x"]])]), "raw-captions.pkl")
    #expect(refusal { try msrvtt.load(options()) }?.problem.contains("'clip1'") == true)
    try scratch.write(Data([0x80, 2]) + Data("cos\nsystem\n.".utf8), "raw-captions.pkl")
    #expect(refusal { try msrvtt.load(options()) }?.problem.contains("nothing was executed") == true)
  }

  /// A clip of MSR-VTT is cut from a video that another set may train on.
  @Test func videosInCommonWithAnotherSetAreLeaks() throws {
    let text = official(few).replacing("https://example.org/7010", with: "http://www.youtube.com/watch?v=9lZi22qLlEo&t=3")
      .replacing("https://example.org/0\"", with: "https://youtu.be/9lZi22qLlEo\"")
    try scratch.write(text, "MSRVTT_data.json")
    let set = try msrvtt.load(options { $0.split = "full" })
    #expect(set.items(in: .test).map(\.sourceVideo) == ["9lZi22qLlEo", nil, nil])
    // Inside the published split it is told, and no leak.
    #expect(LeakCheck.run(set, kinds: [.id, .video]).leaks.isEmpty)
    #expect(set.notes.contains { $0.hasPrefix("1 clips of test are cut from videos that train has other clips of") })
    try scratch.write("9lZi22qLlEo_000030.mp4,whistling\n-0_abcdefgh_000001.mp4,whistling\n", "vggsound/train.csv")
    try scratch.write("zzzzzzzzzzz_000030.mp4,whistling\n", "vggsound/test.csv")
    let sounds = try DatasetRegistry.named("vggsound").load(options { $0.root = scratch.file("vggsound") })
    let leaks = LeakCheck.between((sounds, [.train]), (set, .test))
    #expect(leaks.shares == ["train+test": 1])
    #expect(leaks.leaks.map(\.items) == [["9lZi22qLlEo_000030", "video7010"]] && leaks.leaks.map(\.kind) == [.video])
    #expect(LeakCheck.between((sounds, [.test]), (set, .test)).leaks.isEmpty)
  }

  @Test func filmsAreFoundInASubfolderToo() throws {
    try scratch.write(official(few), "MSRVTT_data.json")
    try scratch.write("x", "videos/all/video7010.mp4")
    let set = try msrvtt.load(options { $0.split = "full" })
    #expect(set.completeness[.test]?.text == "1/3")
    #expect(set.items(in: .test)[0].videoPath?.hasSuffix("videos/all/video7010.mp4") == true)
    #expect(set.items(in: .test)[1].videoPath?.hasSuffix("videos/video7020.mp4") == true)
  }

  /// A user who has to fetch four files hears of four.
  @Test func everyMissingFileIsNamed() throws {
    let told = refusal { try msrvtt.load(options()) }?.description ?? ""
    for part in ["holds no annotation file", "the list of 1k-A test is missing", "the sentences of 1k-A test are missing"] {
      #expect(told.contains(part), "\(told)")
    }
    let lists = refusal { try msrvtt.load(options { $0.split = "1kB" }) }?.description ?? ""
    #expect(lists.contains("train_list_miech.txt") && lists.contains("test_list_miech.txt"))
    func missing(_ set: String) throws -> String {
      let spec = try DatasetRegistry.named(set)
      return refusal { try spec.load(options()) }?.description ?? ""
    }
    #expect(try missing("vggsound").contains("train.csv") && missing("vggsound").contains("test.csv"))
    #expect(try missing("coco-flickr30k").contains("dataset_coco.json") && missing("coco-flickr30k").contains("dataset_flickr30k.json"))
  }

  private func csv(_ rows: [(Int, String)]) -> String {
    "key,vid_key,video_id,sentence\n"
      + rows.enumerated().map { "ret\($0),msr\($1.0),video\($1.0),\($1.1)\n" }.joined()
  }

  @Test func everyFormOfAnnotationsGivesTheSameItems() throws {
    try scratch.write(official(few), "MSRVTT_data.json")
    let merged = try msrvtt.load(options { $0.split = "full" })
    #expect(merged.items(in: .train).map(\.id) == ["video0", "video1"])
    #expect(merged.items(in: .validation).map(\.id) == ["video6513"])
    #expect(merged.items(in: .test).map(\.id) == ["video7010", "video7020", "video9770"])
    #expect(merged.captions(of: merged.items(in: .test)[0]) == (0..<3).map { sentence(7010, $0) })
    #expect(merged.items(in: .test)[0].label == "10" && merged.items(in: .test)[0].start == nil)
    try FileManager.default.removeItem(atPath: scratch.file("MSRVTT_data.json"))

    try scratch.write(official(few.filter { $0 < 7010 }), "train_val_videodatainfo.json")
    try scratch.write(official(few.filter { $0 >= 7010 }), "test_videodatainfo.json")
    #expect(try msrvtt.load(options { $0.split = "full" }).digest == merged.digest)
    for name in ["train_val_videodatainfo.json", "test_videodatainfo.json"] {
      try FileManager.default.removeItem(atPath: scratch.file(name))
    }

    let annotations = few.flatMap { video in
      (0..<3).map { "{\"image_id\": \"video\(video)\", \"caption\": \"clip \(video) says \($0), \\\"quoted\\\"\"}" }
    }
    try scratch.write("{\"annotations\": [\(annotations.joined(separator: ","))]}", "MSR_VTT.json")
    let frozen = try msrvtt.load(options { $0.split = "full" })
    #expect(frozen.allItems.map(\.captions) == merged.allItems.map(\.captions))
  }

  @Test func listsGiveSplitsAndSentences() throws {
    try scratch.write(official(few), "MSRVTT_data.json")
    try scratch.write(csv([(9770, "the fixed one"), (7020, "clip 7020 says 1")]), "MSRVTT_JSFUSION_test.csv")
    try scratch.write("video_id\nvideo7010\nvideo0\n", "MSRVTT_train.9k.csv")
    try scratch.write("video1\nvideo7010", "train_list_miech.txt")
    try scratch.write("video7020\nvideo0\n", "test_list_miech.txt")
    let nine = try msrvtt.load(options())
    // Rows of the CSV are in no numeric order; the gallery follows them.
    #expect(nine.items(in: .test).map(\.id) == ["video9770", "video7020"])
    #expect(nine.items(in: .test).map { nine.captions(of: $0) } == [["the fixed one"], ["clip 7020 says 1"]])
    #expect(nine.items(in: .train).map(\.id) == ["video7010", "video0"])
    #expect(nine.captions(of: nine.items(in: .train)[0]).count == 3)
    #expect(nine.split?.id == "1kA-9k" && nine.captionPolicy == .fixedList)
    #expect(nine.notes.contains { $0.contains("2 listed sentences are not among") })
    let seven = try msrvtt.load(options { $0.split = "1kA-7k" })
    #expect(seven.items(in: .train).map(\.id) == ["video0", "video1", "video6513"])
    let miech = try msrvtt.load(options { $0.split = "1kB" })
    #expect(miech.items(in: .test).map { miech.captions(of: $0) } == [[sentence(7020, 0)], [sentence(0, 0)]])
    let all = try msrvtt.load(options { $0.captions = .all })
    #expect(all.items(in: .test).map { all.captions(of: $0).count } == [3, 3] && all.digest != nine.digest)
    let joined = try msrvtt.load(options { $0.captions = .concat })
    #expect(joined.captionPolicy == .concat && joined.digest != all.digest)
    #expect(joined.captions(of: joined.items(in: .test)[1]) == [(0..<3).map { sentence(7020, $0) }.joined(separator: " ")])
    #expect(joined.captions(of: joined.items(in: .train)[0]).count == 3)
    // One text per clip: the two definitions of video to text coincide.
    let (flat, grouped) = (try RetrievalProtocol.flat.tasks(of: joined)[0], try RetrievalProtocol.grouped.tasks(of: joined)[0])
    #expect(flat.folds[0].indices == grouped.folds[0].indices && flat.candidates == grouped.candidates && flat.candidates == 2)
    let held = try msrvtt.load(options { $0.holdOut = 1 })
    #expect(held.items(in: .train).count == 1 && held.items(in: .validation).count == 1)
    #expect(held.split?.id == "1kA-9k-hold1s2022" && held.captions(of: held.items(in: .validation)[0]).count == 1)
  }

  @Test func theOfficialListsHaveTheirPublishedHashes() throws {
    try scratch.write(official(Array(0..<10_000), captions: 1), "MSRVTT_data.json")
    let full = try msrvtt.load(DatasetOptions.with(root: scratch.path, split: "full"))
    #expect(Split.allCases.map { full.items(in: $0).count } == [6513, 2990, 497])
    let hashes = [Split.train, .validation, .test].map { String(full.split?.hash(of: $0)?.prefix(12) ?? "") }
    #expect(hashes == ["0f1f00423794", "e58250844311", "e033df45731e"])
    #expect(full.completeness[.test] == Completeness(
      listed: 2990, found: 0, missing: (7010..<7030).map { "video\($0)" }))
    // The training list of 7k is derived: full train and validation.
    try scratch.write(csv((7010..<8010).map { ($0, "x") }), "MSRVTT_JSFUSION_test.csv")
    let other = refusal { try msrvtt.load(DatasetOptions.with(root: scratch.path, split: "1kA-7k")) }
    #expect(other?.problem.contains("hash") == true && other?.problem.contains("64462f74c952") == true)
    let seven = try msrvtt.load(options { $0.split = "1kA-7k" })
    #expect(seven.split?.hash(of: .train)?.hasPrefix("eab8ce5e410b") == true && seven.items(in: .test).count == 1000)
    // Trained on all but the list, tested on the official test clips: 1,990 of them are trained on.
    let leak = refusal { try msrvtt.load(options { $0.test = "full" }) }
    #expect(leak?.problem.contains("1990 of 2990 items of test are in train") == true && leak?.exitCode == 65)
    let allowed = try msrvtt.load(options { $0.test = "full"; $0.allowLeakage = true })
    #expect(allowed.split?.id == "1kA-9k>full!train+test=1990" && allowed.split?.leakage == ["train+test": 1990])
    #expect(try msrvtt.load(options { $0.split = "1kA-7k"; $0.test = "full" }).items(in: .test).count == 2990)
  }

  @Test func badFilesAreRefusedWithFileAndEntry() throws {
    func problem(_ name: String, _ text: String, strict: Bool = true) throws -> IeumError? {
      try scratch.write(text, name)
      defer { try? FileManager.default.removeItem(atPath: scratch.file(name)) }
      return refusal {
        try msrvtt.load(options { $0.split = "full"; $0.acceptOtherData = !strict })
      }
    }
    let data = "MSRVTT_data.json"
    #expect(try problem(data, official([10_000]))?.problem.contains("video10000") == true)
    let year = try problem(data, official([1], year: "2017"))
    #expect(year?.place == "info.year" && year?.problem.contains("2017") == true)
    let caption = try problem(data, "{\"videos\": [], \"sentences\": [{\"video_id\": \"video1\", \"sen_id\": 0}]}")
    #expect(caption?.problem == "the field 'caption' is missing" && caption?.place == "sentences[0]")
    let type = try problem(data, "{\"sentences\": [{\"video_id\": \"video1\", \"caption\": 7}]}")
    #expect(type?.problem == "is not a text" && type?.place == "sentences[0].caption")
    #expect(try problem(data, "{\"videos\": []}")?.problem.contains("neither") == true)
    #expect(try problem(data, "{\"sentences\": [")?.problem == "is not valid JSON")
    let absent = try problem(data, official(few))
    #expect(absent?.problem.contains("lists 6511 items in train") == true && absent?.problem.contains("'video2'") == true)
    #expect(refusal { try msrvtt.load(options()) }?.problem == "holds no annotation file")
    let utf16 = try #require("{\"sentences\": []}".data(using: .utf16))
    try scratch.write(utf16, data)
    #expect(refusal { try msrvtt.load(options()) }?.problem == "is UTF-16")
    try scratch.write(Data("{\"sentences\": \n[\"caf".utf8) + Data([0xE9]) + Data("\"]}".utf8), data)
    #expect(refusal { try msrvtt.load(options()) }?.place == "line 2")
  }

  @Test func badListsAreRefusedWithFileAndLine() throws {
    try scratch.write(official(few), "MSRVTT_data.json")
    try scratch.write("video1\n", "train_list_miech.txt")
    try scratch.write("video7020\nvideo0\nvideo7020\n", "test_list_miech.txt")
    let twice = refusal { try msrvtt.load(options { $0.split = "1kB" }) }
    #expect(twice?.problem.contains("'video7020' is listed twice") == true && twice?.place == "line 3")
    try scratch.write("video7020\nvideo1\n", "test_list_miech.txt")
    let shared = refusal { try msrvtt.load(options { $0.split = "1kB" }) }
    #expect(shared?.problem.contains("1 of 2 items of test are in train too, such as 'video1'") == true)
    try scratch.write("video7020\nvideo5\n", "test_list_miech.txt")
    let skipped = try msrvtt.load(options { $0.split = "1kB" })
    #expect(skipped.skipped == [SkippedItem(id: "video5", reason: "listed in test, but has no entry")])
    #expect(skipped.completeness[.test]?.listed == 2)
    #expect(refusal { try msrvtt.load(options()) }?.remedy?.contains("MSRVTT_JSFUSION_test.csv") == true)
    try scratch.write("video9770\n", "val_list_jsfusion.txt")
    #expect(refusal { try msrvtt.load(options()) }?.problem == "the sentences of 1k-A test are missing")
    #expect(try msrvtt.load(options { $0.captions = .first }).items(in: .test).count == 1)
    try scratch.write(csv([(9770, "")]), "MSRVTT_JSFUSION_test.csv")
    #expect(refusal { try msrvtt.load(options()) }?.place == "line 2")
    #expect(refusal { try msrvtt.load(options { $0.split = "1kA" }) }?.exitCode == 64)
  }

  @Test func filesInPlaceAreCounted() throws {
    try scratch.write(official(few), "MSRVTT_data.json")
    try scratch.write("x", "videos/video7010.mp4")
    try scratch.write("x", "TestVideo/video9770.webm")
    try scratch.write("", "videos/video7020.mp4")
    let full = try msrvtt.load(options { $0.split = "full" })
    let paths = full.items(in: .test).map { $0.videoPath ?? "" }
    #expect(paths.map { $0.dropFirst(scratch.path.count + 1) } == [
      "videos/video7010.mp4", "videos/video7020.mp4", "TestVideo/video9770.webm",
    ])
    // An empty file is none.
    #expect(full.completeness[.test] == Completeness(listed: 3, found: 2, missing: ["video7020"]))
    let report = msrvtt.check(options { $0.split = "full" })
    #expect(report.ready && report.split?.completeness["test"]?.text == "2/3")
    #expect(report.text.contains("test: 3 listed, files 2/3") && report.missing.contains { $0.contains("'video7020'") })
    let decoded = try JSONDecoder().decode(DatasetReport.self, from: Data(report.json().utf8))
    #expect(decoded.split?.hashes["test"] == full.split?.hash(of: .test))
  }

  @Test func filesThatCannotBeDecodedAreCounted() throws {
    try scratch.write(official(few), "MSRVTT_data.json")
    for name in ["video7010", "video7020", "video9770"] {
      try scratch.write("", "videos/\(name).mp4")
      _ = try NumberedFilm(name: "\(name).mp4", times: Array(0..<12)).write(in: scratch.file("videos"))
    }
    // One cut short, one that is no film.
    let whole = try scratch.bytes("videos/video7020.mp4")
    try scratch.write(whole.prefix(whole.count / 2), "videos/video7020.mp4")
    try scratch.write("not a film", "videos/video0.mp4")
    let report = msrvtt.check(options { $0.split = "full" }, content: true)
    #expect(report.split?.completeness["test"]?.text == "3/3" && report.decodable?["test"]?.text == "2/3")
    #expect(report.decodable?["train"] == Completeness(listed: 2, found: 0, missing: ["video1", "video0"]))
    #expect(report.unreadable?.map(\.id) == ["video0", "video7020"])
    #expect(report.text.contains("decodable: train 0/2, test 2/3, validation 0/1"))
    #expect(msrvtt.check(options { $0.split = "full" }).unreadable == nil)
  }
}

extension DatasetOptions {
  static func with(root: String, split: String? = nil) -> DatasetOptions {
    var options = DatasetOptions(root: root)
    options.split = split
    return options
  }
}
