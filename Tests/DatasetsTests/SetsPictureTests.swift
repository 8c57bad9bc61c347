import Basics
import Datasets
import Foundation
import Testing

/// COCO and Flickr30k in Karpathy's JSON, the token file, the lists of Flickr30k Entities.
@Suite struct SetsPictureTests {
  let scratch: StoreScratch
  let coco: any DatasetSpec
  let flickr: any DatasetSpec

  init() throws {
    scratch = try StoreScratch()
    coco = try DatasetRegistry.named("coco")
    flickr = try DatasetRegistry.named("flickr30k")
  }

  private func options(_ folder: String, _ change: (inout DatasetOptions) -> Void = { _ in }) -> DatasetOptions {
    var options = DatasetOptions(root: scratch.file(folder))
    options.acceptOtherData = true
    change(&options)
    return options
  }

  private func sentences(_ id: Int, _ count: Int) -> String {
    (0..<count).map {
      "{\"tokens\": [\"picture\", \"\(id)\"], \"raw\": \"Picture \(id), sentence \($0).\", \"imgid\": \(id), \"sentid\": \(id * 10 + $0)}"
    }.joined(separator: ", ")
  }

  private func cocoImage(_ id: Int, _ split: String, folder: String = "val2014", captions: Int = 6) -> String {
    let name = "COCO_\(folder)_" + String(repeating: "0", count: 12 - String(id).count) + "\(id).jpg"
    return "{\"filepath\": \"\(folder)\", \"sentids\": [1], \"filename\": \"\(name)\", \"imgid\": \(id), \"split\": \"\(split)\", "
      + "\"sentences\": [\(sentences(id, captions))], \"cocoid\": \(id)}"
  }

  private func cocoFile(_ images: [String]) throws {
    try scratch.write("{\"images\": [\(images.joined(separator: ",\n"))], \"dataset\": \"coco\"}", "coco/dataset_coco.json")
  }

  private func flickrImage(_ id: Int, _ split: String) -> String {
    "{\"sentids\": [0], \"imgid\": \(id), \"sentences\": [\(sentences(id, 5))], \"split\": \"\(split)\", \"filename\": \"\(id).jpg\"}"
  }

  private func flickrFile(_ images: [String], dataset: String = "flickr30k") throws {
    try scratch.write(
      "{\"images\": [\(images.joined(separator: ",\n"))], \"dataset\": \"\(dataset)\"}", "flickr30k/dataset_flickr30k.json")
  }

  private var fiveOfCoco: [String] {
    [
      cocoImage(391895, "test"), cocoImage(5, "restval"), cocoImage(9, "train", folder: "train2014"),
      cocoImage(7, "val"), cocoImage(3, "test"),
    ]
  }

  @Test func karpathysCOCO() throws {
    try cocoFile(fiveOfCoco)
    try scratch.write("x", "coco/val2014/COCO_val2014_000000391895.jpg")
    let set = try coco.load(options("coco"))
    #expect(set.items(in: .train).map(\.id) == ["5", "9"] && set.items(in: .validation).map(\.id) == ["7"])
    // Stored order, which the five folds follow.
    #expect(set.items(in: .test).map(\.id) == ["391895", "3"])
    #expect(set.captions(of: set.items(in: .test)[0]).count == 5 && set.captions(of: set.items(in: .train)[0]).count == 6)
    #expect(set.captions(of: set.items(in: .test)[0])[4] == "Picture 391895, sentence 4.")
    #expect(set.items(in: .test)[0].imagePaths == [scratch.file("coco/val2014/COCO_val2014_000000391895.jpg")])
    #expect(set.completeness[.test] == Completeness(listed: 2, found: 1, missing: ["3"]))
    let train = try coco.load(options("coco") { $0.split = "karpathy-train" })
    #expect(train.items(in: .train).map(\.id) == ["9"] && train.split?.digest != set.split?.digest)
    let first = try coco.load(options("coco") { $0.captions = .first })
    #expect(first.captions(of: first.items(in: .test)[1]) == ["Picture 3, sentence 0."])
    // In images/.
    try scratch.write("x", "coco/images/val2014/COCO_val2014_000000000003.jpg")
    #expect(try coco.load(options("coco")).completeness[.test]?.missing == ["391895"])
  }

  @Test func wrongCOCOFilesAreRefused() throws {
    func problem(_ images: [String]) throws -> IeumError? {
      try cocoFile(images)
      return refusal { try coco.load(options("coco")) }
    }
    let twice = try problem([cocoImage(3, "test"), cocoImage(4, "val"), cocoImage(3, "train")])
    #expect(twice?.problem.contains("'3' comes twice (first in images[0])") == true && twice?.place == "images[2]")
    #expect(try problem([cocoImage(3, "testing")])?.problem.contains("'testing'") == true)
    let year = try problem([cocoImage(3, "test", folder: "val2017")])
    #expect(year?.problem.contains("val2017") == true && year?.place == "images[0]")
    let short = try problem([cocoImage(3, "test").replacingOccurrences(of: "\"split\": \"test\", ", with: "")])
    #expect(short?.problem == "the field 'split' is missing" && short?.place == "images[0]")
    #expect(
      try problem([cocoImage(3, "test").replacingOccurrences(of: ", \"cocoid\": 3", with: "")])?.problem
        .contains("cocoid") == true)
    // COCO's own annotation file of 2014 or 2017.
    try scratch.write(
      "{\"info\": {\"year\": 2017}, \"images\": [{\"file_name\": \"1.jpg\", \"id\": 1}], \"annotations\": [{\"image_id\": 1, \"caption\": \"x\"}]}",
      "coco/dataset_coco.json")
    #expect(refusal { try coco.load(options("coco")) }?.problem.contains("COCO's own captions file") == true)
    try cocoFile(fiveOfCoco)
    let strict = refusal { try coco.load(options("coco") { $0.acceptOtherData = false }) }
    #expect(strict?.problem.contains("30504") == true && strict?.exitCode == 65)
    #expect(refusal { try coco.load(options("coco") { $0.captions = .fixedList }) }?.exitCode == 64)
    #expect(refusal { try coco.load(options("nowhere")) }?.problem == "is missing")
  }

  @Test func flickr30kInBothSplits() throws {
    try flickrFile([flickrImage(1001, "test"), flickrImage(1002, "train"), flickrImage(1003, "val")])
    let karpathy = try flickr.load(options("flickr30k"))
    #expect(karpathy.split?.id == "f30k-karpathy" && karpathy.items(in: .test).map(\.id) == ["1001"])
    #expect(karpathy.items(in: .test)[0].imagePaths == [scratch.file("flickr30k/flickr30k-images/1001.jpg")])
    try scratch.write(
      "1001.jpg#1\tTwo , with\ta tab and # .\n1001.jpg#0\tOne .\r\n1004.jpg#0\tFour .\n1002.jpg#0\tTrain .\n1003.jpg#0\tVal .\n",
      "flickr30k/results_20130124.token")
    try scratch.write("1002\n", "flickr30k/train.txt")
    try scratch.write("1003\n", "flickr30k/val.txt")
    try scratch.write("1004\n1001\n", "flickr30k/test.txt")
    let entities = try flickr.load(options("flickr30k") { $0.split = "f30k-entities" })
    #expect(entities.items(in: .test).map(\.id) == ["1004", "1001"])
    #expect(entities.captions(of: entities.items(in: .test)[1]) == ["One .", "Two , with\ta tab and # ."])
    #expect(entities.notes.contains { $0.contains("fewer than five") })
    func token(_ text: String) throws -> IeumError? {
      try scratch.write(text, "flickr30k/results_20130124.token")
      return refusal { try flickr.load(options("flickr30k") { $0.split = "f30k-entities" }) }
    }
    #expect(try token("1001.jpg#0\tx\n1001.jpg,0,y\n")?.place == "line 2")
    #expect(try token("1001.jpg#0\tx\n1001.jpg#0\ty\n")?.problem.contains("sentence 0 of '1001' comes twice") == true)
    #expect(try token("1001.jpg#0\tx\n")?.problem == nil)
    #expect(
      refusal { try flickr.load(options("flickr30k") { $0.split = "f30k-entities"; $0.acceptOtherData = false }) }?
        .problem.contains("29783") == true)
    try flickrFile([flickrImage(1, "test")], dataset: "flickr8k")
    #expect(refusal { try flickr.load(options("flickr30k")) }?.problem == "is the file of 'flickr8k'")
  }

  /// CLIP_benchmark's file of the test part.
  @Test func flickr30kWithCommas() throws {
    func load(_ text: String, strict: Bool = false) throws -> Dataset {
      try scratch.write(text, "flickr30k/flickr30k_test_karpathy.txt")
      return try flickr.load(options("flickr30k") { $0.split = "f30k-karpathy-test"; $0.acceptOtherData = !strict })
    }
    let set = try load("image,caption\n1009.jpg,Two men, one dog , \"and\" a.jpg,b .\r\n1007.jpg,One .\n1009.jpg,Three .\n\n")
    #expect(set.split?.id == "f30k-karpathy-test" && set.items(in: .test).map(\.id) == ["1009", "1007"])
    #expect(set.captions(of: set.items(in: .test)[0]) == ["Two men, one dog , \"and\" a.jpg,b .", "Three ."])
    #expect(set.items(in: .train).isEmpty && set.items(in: .test)[1].imagePaths[0].hasSuffix("flickr30k-images/1007.jpg"))
    #expect(refusal { try load("image,caption\n1009.jpg,x\n1007.png,y\n") }?.place == "line 3")
    #expect(refusal { try load("image,caption\n") }?.problem == "holds no pictures")
    #expect(refusal { try load("image,caption\n1.jpg,x\n", strict: true) }?.problem.contains("1000") == true)
  }

  /// The list counts sentences from 1, the token file from 0.
  @Test func unrelatedSentencesAreLeftOutOnDemand() throws {
    try flickrFile([flickrImage(1001, "test"), flickrImage(1002, "train"), flickrImage(1003, "val")])
    try scratch.write("# format: <imageID> <sentence number>\n1001 5\n1002 1\n9999 2\n", "flickr30k/UNRELATED_CAPTIONS")
    let whole = try flickr.load(options("flickr30k"))
    let related = try flickr.load(options("flickr30k") { $0.dropUnrelated = true })
    #expect(whole.captions(of: whole.items(in: .test)[0]).count == 5 && whole.split?.id == "f30k-karpathy")
    #expect(related.split?.id == "f30k-karpathy-related" && related.digest != whole.digest)
    #expect(related.captions(of: related.items(in: .test)[0]) == (0..<4).map { "Picture 1001, sentence \($0)." })
    #expect(related.captions(of: related.items(in: .train)[0]) == (1..<5).map { "Picture 1002, sentence \($0)." })
    #expect(related.notes.contains("2 of 3 sentences of UNRELATED_CAPTIONS are left out"))
    #expect(related.split?.hash(of: .test) == whole.split?.hash(of: .test))
    try cocoFile(fiveOfCoco)
    let merged = try DatasetRegistry.named("coco-flickr30k").load(options("") { $0.dropUnrelated = true })
    #expect(merged.split?.id == "half2020-related")
    #expect(merged.captions(of: merged.items(in: .train).last ?? merged.allItems[0]).count == 4)
    try scratch.write("1001.jpg#0\tOne .\n1001.jpg#4\tFive .\n1002.jpg#0\tx\n1003.jpg#0\ty\n", "flickr30k/results_20130124.token")
    for (name, id) in [("train", 1002), ("val", 1003), ("test", 1001)] { try scratch.write("\(id)\n", "flickr30k/\(name).txt") }
    let entities = try flickr.load(options("flickr30k") { $0.dropUnrelated = true; $0.split = "f30k-entities" })
    #expect(entities.split?.id == "f30k-entities-related" && entities.captions(of: entities.items(in: .test)[0]) == ["One ."])
    // The only sentence of the training picture is unrelated: the picture stays listed.
    #expect(entities.skipped.map(\.id) == ["1002"] && entities.completeness[.train]?.listed == 1)
    func problem(_ text: String) throws -> IeumError? {
      try scratch.write(text, "flickr30k/UNRELATED_CAPTIONS")
      return refusal { try flickr.load(options("flickr30k") { $0.dropUnrelated = true }) }
    }
    #expect(try problem("# x\n1001 6\n")?.place == "line 2")
    #expect(try problem("1001\n")?.problem == "is not 'PICTURE NUMBER'")
    #expect(try problem("1001 2\n1001 2\n")?.problem.contains("comes twice") == true)
    #expect(try problem("# nothing\n")?.problem == "lists no sentences")
    try FileManager.default.removeItem(atPath: scratch.file("flickr30k/UNRELATED_CAPTIONS"))
    #expect(refusal { try flickr.load(options("flickr30k") { $0.dropUnrelated = true }) }?.problem == "is missing")
  }

  @Test func theTwoMergedForHalf2020() throws {
    try cocoFile(fiveOfCoco)
    try flickrFile([flickrImage(1001, "test"), flickrImage(1002, "train"), flickrImage(1003, "val")])
    let spec = try DatasetRegistry.named("coco-flickr30k")
    let merged = try spec.load(options(""))
    #expect(
      merged.items(in: .train).map(\.id) == [
        "coco/5", "coco/9", "flickr30k/1002", "coco/391895", "coco/3", "flickr30k/1001",
      ])
    #expect(merged.items(in: .validation).map(\.id) == ["coco/7", "flickr30k/1003"] && merged.items(in: .test).isEmpty)
    let apart = try spec.load(options("") { $0.split = "karpathy" })
    #expect(apart.items(in: .test).map(\.id) == ["coco/391895", "coco/3", "flickr30k/1001"])
    #expect(apart.completeness[.test]?.listed == 3)
  }
}
