import Basics
import Datasets
import Foundation
import Harness
import Testing

/// What a result says about the split behind its numbers.
@Suite struct EvaluatedSplitTests {
  private func dataset(_ change: (inout DatasetOptions) -> Void = { _ in }) throws -> Dataset {
    let root = NSTemporaryDirectory() + "ieum-split-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: root) }
    let sentences = [0, 7010, 7020].map { "{\"video_id\": \"video\($0)\", \"caption\": \"clip \($0)\"}" }
    try AtomicFile.write("{\"sentences\": [\(sentences.joined(separator: ","))]}", to: root + "/MSRVTT_data.json")
    try AtomicFile.write("video0\nvideo7010\n", to: root + "/train_list_miech.txt")
    try AtomicFile.write("video7010\nvideo7020\n", to: root + "/test_list_miech.txt")
    try AtomicFile.write("x", to: root + "/videos/video7020.mp4")
    var options = DatasetOptions(root: root)
    options.acceptOtherData = true
    options.split = "full"
    change(&options)
    return try DatasetRegistry.named("msrvtt").load(options)
  }

  @Test func aResultKeepsItAndReadsItBack() throws {
    let data = try dataset()
    let split = try #require(EvaluatedSplit(data, .test))
    #expect(split.name == "msrvtt/full test" && split.captions == "all" && split.completeness.text == "1/2")
    #expect(split.hash == IDList.hash(["video7010", "video7020"]) && split.splitDigest == data.split?.digest)
    #expect(split.note().contains("gallery \(split.hash.prefix(12)), 1/2 listed items with files"))
    #expect(!split.note().contains("LEAKAGE"))
    var result = CellResult(id: "a", experiment: "e", row: "r", column: "c")
    result.evaluated = split
    let read = try JSONDecoder().decode(CellResult.self, from: JSONEncoder().encode(result))
    #expect(read.evaluated == split)
    #expect(EvaluatedSplit(data, .validation) == nil)
  }

  @Test func allowedLeakageIsInEveryResult() throws {
    #expect(throws: IeumError.self) { try dataset { $0.split = "1kB" } }
    let split = try #require(EvaluatedSplit(dataset { $0.split = "1kB"; $0.allowLeakage = true }, .test))
    #expect(split.leakage == ["train+test": 1] && split.note().contains("LEAKAGE: 1 items in both of train+test"))
    #expect(split.name == "msrvtt/1kB!train+test=1 test")
  }
}
