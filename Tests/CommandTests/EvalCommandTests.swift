import Basics
import Datasets
import Foundation
import HDF5
import Testing

/// `ieum eval` with groups, folds, rescoring, fusion and a dataset's own protocols; `ieum data`.
@Suite struct EvalCommandTests {
  private let folder: TestFolder

  init() throws { folder = try TestFolder() }

  /// Conformance vector B: three videos of two captions, and video 0 as the query.
  private func vectorB(groups: [Int]? = [0, 0, 1, 1, 2, 2]) throws -> String {
    var file = EmbeddingFile(queries: [1], gallery: [0.5, 0.4, 0.9, 0.8, 0.1, 0.2], dimension: 1, relevant: [[0, 1]])
    file.galleryGroups = groups
    try file.write(to: folder.file("b.h5"))
    return folder.file("b.h5")
  }

  @Test func groupsOfAFile() throws {
    let file = try vectorB()
    for (name, rank, gallery) in [("v2t-grouped", 2.0, 3), ("v2t-flat", 3, 6)] {
      let json = try Program("eval", file, "--protocol", name, "--similarity", "dot", "--metric", "MnR", "--json").json
      #expect(json["MnR"] as? Double == rank && json["gallery"] as? Int == gallery)
    }
    let without = try Program("eval", try vectorB(groups: nil), "--protocol", "v2t-grouped")
    #expect(without.status == 65 && without.errors.contains("/gallery_groups"))
    #expect(try Program("eval", file, "--protocol", "coco5k").errors.contains("needs a dataset"))
    #expect(try Program("eval", file, "--protocol", "v2t").status == 64)
    #expect(try Program("eval").status == 64)
  }

  @Test func foldsOfAFileAreAveraged() throws {
    // Fold 0: both found first. Fold 1: one of two.
    var file = EmbeddingFile(
      queries: [1, 0, 0, 1, 1, 0, 1, 0.5], gallery: [1, 0, 0, 1, 1, 0, 0, 1], dimension: 2,
      relevant: [[0], [1], [2], [3]])
    file.folds = .init(queries: [0, 0, 1, 1], gallery: [0, 0, 1, 1])
    let path = folder.file("folds.h5")
    try file.write(to: path)
    let json = try Program("eval", path, "--metric", "R@1", "--metric", "MedR", "--json").json
    #expect(json["R@1"] as? Double == 75 && json["MedR"] as? Double == 1.25)
    #expect((json["folds"] as? [String: [Double]])?["MedR"] == [1, 1.5])
    #expect(json["queries"] as? Int == 4 && json["gallery"] as? Int == 2)
    file.folds = .init(queries: [0, 0, 1, 0], gallery: [0, 0, 1, 1])
    try file.write(to: path)
    #expect(try Program("eval", path).errors.contains("wants gallery row 3 of fold 1"))
  }

  @Test func codesOfPicturesByAProtocolOfDeepHashing() throws {
    let names = "airplane automobile bird cat deer dog frog horse ship truck"
    try AtomicFile.write(names.replacing(" ", with: "\n"), to: folder.file("cifar/batches.meta.txt"))
    for name in (1...5).map({ "data_batch_\($0)" }) + ["test_batch"] {
      var bytes = Data(count: 100 * 3073)
      for record in 0..<100 { bytes[record * 3073] = UInt8(record % 10) }
      try AtomicFile.write(bytes, to: folder.file("cifar/\(name).bin"))
    }
    let ids = (0..<6).flatMap { file in (0..<100).map { file * 10_000 + $0 } }
    // A bit a class.
    var codes = ids.flatMap { id in (0..<10).map { Float(id % 10 == $0 ? 1 : 0) } }
    func write(_ name: String) throws -> String {
      let file = try HDF5File(creating: folder.file(name))
      try file.write("ids", strings: ids.map { String($0) })
      try file.write("features", floats: codes, shape: [ids.count, 10])
      try file.close()
      return folder.file(name)
    }
    let start = [
      "eval", "--dataset", "cifar10", "--root", folder.file("cifar"), "--option", "acceptOtherData=true", "--similarity",
      "hamming", "--json", "--protocol",
    ]
    let path = try write("codes.h5")
    let json = try Program(start + ["cifar10-50k-official", "--gallery", path, "--queries", path]).json
    let task = try #require((json["tasks"] as? [[String: Any]])?.first)
    #expect(task["mAP"] as? Double == 100 && task["mAP@1000-found"] as? Double == 100 && task["gallery"] as? Int == 500)
    #expect(task["protocol"] as? String == "cifar10-50k-official" && task["queries"] as? Int == 100)
    codes[0] = 0.5
    let odd = try Program(start + ["cifar10-59k", "--items", try write("odd.h5")])
    #expect(odd.status == 65 && odd.errors.contains("no binary codes"))
    #expect(try Program(start + ["cifar10-54k", "--items", path, "--part", "train"]).status == 64)
    #expect(try Program(start + ["cifar10-5k", "--items", path]).errors.contains("cifar10-5"))
  }

  @Test func rescoringIsLabelled() throws {
    var file = EmbeddingFile(
      queries: [1, 0.2, 0.9, 0.5], gallery: [1, 0.1, 0.8, 0.7], dimension: 2, relevant: [[0], [1]])
    let path = folder.file("r.h5")
    try file.write(to: path)
    let run = try Program("eval", path, "--rescore", "dual-softmax")
    #expect(run.status == 0 && run.output.contains("RESCORED by dual-softmax (scale 100.0)"))
    let missing = try Program("eval", path, "--rescore", "querybank")
    #expect(missing.status == 65 && missing.errors.contains("/querybank"))
    file.querybank = [1, 0, 0, 1]
    try file.write(to: path)
    let json = try Program("eval", path, "--rescore", "querybank", "--rescore-scale", "5", "--json").json
    let label = json["rescoring"] as? [String: Any]
    #expect(label?["name"] as? String == "querybank" && label?["scale"] as? Double == 5)
    #expect(try Program("eval", path, "--rescore", "dual").status == 64)
  }

  @Test func fusionTakesTheRatioFromValidation() throws {
    // The pictures confuse the two items, the sounds do not.
    let (picture, sound) = (folder.file("picture.h5"), folder.file("sound.h5"))
    try EmbeddingFile(queries: [1, 0, 0, 1], gallery: [0, 1, 1, 0.1], dimension: 2, relevant: [[0], [1]]).write(to: picture)
    try EmbeddingFile(queries: [1, 0, 0, 1], gallery: [1, 0, 0, 1], dimension: 2, relevant: [[0], [1]]).write(to: sound)
    func recall(_ arguments: String...) throws -> Double? {
      let all = ["eval", picture, "--fuse", sound, "--metric", "R@1", "--json"] + arguments
      return try Program(all).json["R@1"] as? Double
    }
    #expect(try recall("--ratio", "0") == 0)
    #expect(try recall("--ratio", "0.9") == 100)
    let tuned = try Program(
      "eval", picture, "--fuse", sound, "--tune-on", picture, "--tune-fuse", sound, "--metric", "R@1")
    #expect(tuned.output.contains("R@1\t100") && tuned.errors.contains("chosen on"))
    #expect(try Program("eval", picture, "--fuse", sound).status == 64)
    #expect(try Program("eval", picture, "--fuse", try vectorB(), "--ratio", "0.5").status == 65)
  }

  /// Two test clips with two and one sentence.
  private func msrvtt() throws -> String {
    let sentences = [("video7010", "one"), ("video7010", "two"), ("video7011", "three"), ("video0", "train")]
      .map { "{\"video_id\": \"\($0)\", \"caption\": \"\($1)\"}" }.joined(separator: ", ")
    try folder.write("{\"sentences\": [\(sentences)]}", "MSRVTT_data.json")
    return folder.path
  }

  private func vectors(_ rows: KeyValuePairs<String, [Float]>, _ name: String) throws -> String {
    let file = try HDF5File(creating: folder.file(name))
    try file.write("ids", strings: rows.map(\.key))
    try file.write("features", floats: rows.flatMap(\.value), shape: [rows.count, rows[0].value.count])
    try file.close()
    return folder.file(name)
  }

  private func evaluate(_ texts: String, _ items: String, _ more: String...) throws -> Program {
    try Program(
      [
        "eval", "--dataset", "msrvtt", "--root", folder.path, "--option", "split=full", "--option", "acceptOtherData=true",
        "--texts", texts, "--items", items,
      ] + more)
  }

  @Test func aDatasetsOwnProtocol() throws {
    _ = try msrvtt()
    // Captions: the first two of video7010, the second of which is nearer to video7011.
    let texts = try vectors(["video7010#0": [1, 0], "video7010#1": [0.4, 1], "video7011": [0, 1]], "texts.h5")
    let items = try vectors(["video7011": [0, 1], "video7010": [1, 0.1]], "items.h5")
    let run = try evaluate(texts, items, "--protocol", "standard", "--json")
    #expect(run.status == 0, "\(run.errors)")
    let tasks = try run.json["tasks"] as? [[String: Any]] ?? []
    #expect(tasks.map { $0["direction"] as? String } == ["t2v", "v2t-flat", "v2t-grouped"])
    #expect(tasks.map { $0["queries"] as? Int } == [3, 2, 2] && tasks.map { $0["gallery"] as? Int } == [2, 3, 2])
    #expect(tasks[0]["R@1"] as? Double == 200.0 / 3 && tasks[2]["R@1"] as? Double == 100)
    #expect(tasks[0]["split"] as? String == "msrvtt/full test" && tasks[0]["captions"] as? String == "all")
    #expect(tasks[0]["galleryHash"] as? String == IDList.hash(["video7010", "video7011"]))
    let text = try evaluate(texts, items)
    #expect(text.output.contains("t2v on msrvtt/full test, captions all") && text.output.contains("gallery 2/2"))
  }

  @Test func missingVectorsAreRefusedOrCountedAsMisses() throws {
    _ = try msrvtt()
    let texts = try vectors(["video7010#0": [1, 0], "video7010#1": [1, 0.1], "video7011#0": [0, 1]], "texts.h5")
    let items = try vectors(["video7010": [1, 0]], "items.h5")
    let refused = try evaluate(texts, items)
    #expect(refused.status == 65 && refused.errors.contains("no vector for 1 of 2 rows, such as 'video7011'"))
    let allowed = try evaluate(texts, items, "--allow-missing", "--json")
    let task = try (allowed.json["tasks"] as? [[String: Any]] ?? [[:]])[0]
    #expect(task["queries"] as? Int == 3 && task["gallery"] as? Int == 2)
    #expect(task["R@1"] as? Double == 200.0 / 3 && isNear(task["MnR"], (1 + 1 + 2) / 3.0))
    #expect((task["completeness"] as? [String: String])?["gallery"] == "1/2")
    #expect(try evaluate(texts, items, "--allow-missing").output.contains("INCOMPLETE"))
    let narrow = try vectors(["video7010": [1], "video7011": [0]], "narrow.h5")
    #expect(try evaluate(texts, narrow).errors.contains("one embedding space"))
    #expect(try Program("eval", "--dataset", "msrvtt", "--root", folder.path, "--items", items).status != 0)
  }

  @Test func extractedCaptionsHaveTheNamesThatProtocolsAskFor() throws {
    for picture in ["a.png", "b.png"] { try folder.write("x", picture) }
    let table = try folder.write(
      """
      {"id": "1", "text": ["a cat", "a pet"], "images": "a.png", "split": "test"}
      {"id": "2", "text": "a dog", "images": "b.png", "split": "test"}
      """, "m.jsonl")
    let words = try folder.write("4 2\na 0.1 0.1\ncat 1 0\npet 1 0.5\ndog 0 1\n", "w.txt")
    let extract = try Program.run(
      ["features", "extract", "--dataset", "manifest", "--root", table, "--encoder", "word2vec", "--weights", words],
      cache: folder.file("cache"))
    #expect(extract.status == 0, "\(extract.errors)")
    let path = extract.output.trimmingCharacters(in: .whitespacesAndNewlines)
    #expect(try HDF5File(reading: path).readStrings("ids") == ["1#0", "1#1", "2#0"])
    let items = try vectors(["1": [1, 0.2], "2": [0, 1]], "items.h5")
    let run = try Program(
      "eval", "--dataset", "manifest", "--root", table, "--texts", path, "--items", items, "--protocol", "standard",
      "--metric", "R@1", "--json")
    let tasks = try run.json["tasks"] as? [[String: Any]] ?? []
    #expect(tasks.map { $0["R@1"] as? Double } == [100, 100, 100] && tasks.map { $0["queries"] as? Int } == [3, 2, 2])
  }

  private func isNear(_ value: Any?, _ other: Double) -> Bool { (value as? Double).map { abs($0 - other) < 1e-9 } ?? false }

  @Test func dataCommandsSayWhatToPutWhere() throws {
    let list = try Program("data", "list")
    for name in ["msrvtt", "coco", "flickr30k", "coco-flickr30k", "vggsound", "korean-clips"] {
      #expect(list.output.contains("\n\(name): "))
    }
    let root = try msrvtt()
    let check = try Program(
      "data", "check", "msrvtt", "--root", root, "--option", "split=full", "--option", "acceptOtherData=true", "--json")
    // No clip is in place: not ready, but all that is known is said.
    #expect(check.status == 65)
    let split = try check.json["split"] as? [String: Any]
    #expect((split?["sizes"] as? [String: Int])?["test"] == 2)
    #expect((split?["hashes"] as? [String: String])?["test"] == IDList.hash(["video7011", "video7010"]))
    let prepare = try Program("data", "prepare", "vggsound", "--root", folder.file("nowhere"))
    #expect(prepare.status == 65 && prepare.errors.contains("videos/YOUTUBEID_SECOND.mp4"))
    #expect(try Program("data", "check", "msrvtt", "--option", "splt=full").errors.contains("'split'"))
  }
}
