import Basics
import Datasets
import Foundation
import Testing

/// MSVD as X-Pool and CLIP4Clip lay it out.
@Suite struct SetsMSVDTests {
  let scratch: StoreScratch
  let msvd: any DatasetSpec

  init() throws {
    scratch = try StoreScratch()
    msvd = try DatasetRegistry.named("msvd")
  }

  private func options(_ change: (inout DatasetOptions) -> Void = { _ in }) -> DatasetOptions {
    var options = DatasetOptions(root: scratch.path)
    options.acceptOtherData = true
    change(&options)
    return options
  }

  private let train = ["-4wsuPCjDBc_5_15", "-7KMZQEsJW4_205_208"]

  private func lists(train: [String]? = nil, test: String = "eyhzdC936uk_15_27\nf-24IxG9ijw_25_40\n") throws {
    try scratch.write((train ?? self.train).map { $0 + "\n" }.joined(), "train_list.txt")
    try scratch.write("bSIjZ75a50s_286_304\n", "val_list.txt")
    try scratch.write(test, "test_list.txt")
  }

  private let captions = """
    {"-4wsuPCjDBc_5_15": ["a squirrel eats", "a chipmunk eats"], "-7KMZQEsJW4_205_208": ["rain"],
     "bSIjZ75a50s_286_304": ["a man", "", "a band plays"], "eyhzdC936uk_15_27": ["one", "two", "three"],
     "f-24IxG9ijw_25_40": ["a caf\\u0065\\u0301"]}
    """

  @Test func everySentenceIsAQuery() throws {
    try lists()
    try scratch.write(captions, "captions_msvd.json")
    try scratch.write("x", "YouTubeClips/eyhzdC936uk_15_27.avi")
    let set = try msvd.load(options())
    #expect(set.split?.id == "official" && set.captionPolicy == .all)
    #expect(set.items(in: .train).map(\.id) == train && set.items(in: .validation).count == 1)
    #expect(set.items(in: .test).map { set.captions(of: $0).count } == [3, 1])
    #expect(set.captions(of: set.items(in: .test)[1]) == ["a café"])
    #expect(set.captions(of: set.items(in: .validation)[0]) == ["a man", "a band plays"])
    #expect(set.completeness[.test] == Completeness(listed: 2, found: 1, missing: ["f-24IxG9ijw_25_40"]))
    #expect(set.items(in: .test)[1].videoPath == scratch.file("videos/f-24IxG9ijw_25_40.avi"))
    #expect(set.notes.contains("test has 4 sentences, X-Pool's copy 27763"))
    let tasks = try RetrievalProtocol.standard.tasks(of: set)
    #expect(tasks.map { $0.folds[0].queries.count } == [4, 2, 2] && tasks.map(\.candidates) == [2, 4, 2])
    // The same sentences as lists of words in a pickle.
    try FileManager.default.removeItem(atPath: scratch.file("captions_msvd.json"))
    try scratch.write(
      Fixture.pickle([
        (train[0], [["a", "squirrel", "eats"], ["a", "chipmunk", "eats"]]), (train[1], [["rain"]]),
        ("bSIjZ75a50s_286_304", [["a", "man"], [String](), ["a", "band", "plays"]]),
        ("eyhzdC936uk_15_27", [["one"], ["two"], ["three"]]), ("f-24IxG9ijw_25_40", [["a", "café"]]),
      ]), "raw-captions.pkl")
    #expect(try msvd.load(options()).digest == set.digest)
  }

  @Test func wrongFilesAreRefused() throws {
    let missing = refusal { try msvd.load(options()) }?.description ?? ""
    for part in ["holds no sentences", "train_list.txt", "val_list.txt", "test_list.txt"] { #expect(missing.contains(part)) }
    try lists()
    try scratch.write(captions, "captions_msvd.json")
    let strict = refusal { try msvd.load(options { $0.acceptOtherData = false }) }
    #expect(strict?.problem.contains("1200") == true && strict?.exitCode == 65)
    #expect(refusal { try msvd.load(options { $0.captions = .fixedList }) }?.exitCode == 64)
    #expect(refusal { try msvd.load(options { $0.split = "dev" }) }?.exitCode == 64)
    try lists(test: "eyhzdC936uk_15_27\neyhzdC936uk_15_27\n")
    #expect(refusal { try msvd.load(options()) }?.problem.contains("listed twice") == true)
    try lists(test: "-4wsuPCjDBc_5_15\n")
    #expect(refusal { try msvd.load(options()) }?.problem.contains("1 of 1 items of test are in train too") == true)
    // A clip that the annotations lack is left out and counted.
    try lists(test: "eyhzdC936uk_15_27\nnobodyknows_1_2\n")
    let set = try msvd.load(options())
    #expect(set.completeness[.test]?.listed == 2 && set.skipped.map(\.id) == ["nobodyknows_1_2"])
    try lists()
    try scratch.write("{\"a\": [\"x\"", "captions_msvd.json")
    #expect(refusal { try msvd.load(options()) }?.problem == "is not valid JSON")
    try scratch.write("{\"a\": [1]}", "captions_msvd.json")
    #expect(refusal { try msvd.load(options()) }?.problem.contains("not a text") == true)
    try scratch.write(Data([0x7B, 0x22, 0xB3, 0xB2, 0x22]), "captions_msvd.json")
    #expect(refusal { try msvd.load(options()) }?.problem == "is not valid UTF-8")
  }

  /// The published lists cut one video between train and validation.
  @Test func partsOfOneVideoAreTold() throws {
    try lists(train: ["bSIjZ75a50s_17_31"])
    try scratch.write(captions.replacing("\"-4wsuPCjDBc_5_15\"", with: "\"bSIjZ75a50s_17_31\""), "captions_msvd.json")
    let leaks = LeakCheck.run(try msvd.load(options()), kinds: [.id, .video])
    #expect(leaks.shares == ["train+validation": 1])
  }
}
