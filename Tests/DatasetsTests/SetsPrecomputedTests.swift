import Basics
import Datasets
import Foundation
import Testing

/// Arrays of features beside sentences, as vsepp and SCAN read them.
@Suite struct SetsPrecomputedTests {
  let scratch: StoreScratch
  let spec: any DatasetSpec

  init() throws {
    scratch = try StoreScratch()
    spec = try DatasetRegistry.named("precomputed")
  }

  private func options(_ split: String? = nil) -> DatasetOptions {
    var options = DatasetOptions(root: scratch.path)
    options.split = split
    return options
  }

  private func part(_ name: String, pictures: Int, rows: Int? = nil, more: [Int] = [4]) throws {
    try scratch.write(Fixture.npy([rows ?? pictures] + more), "\(name)_ims.npy")
    try scratch.write((0..<5 * pictures).map { "\(name) \($0 / 5) sentence \($0 % 5)\n" }.joined(), "\(name)_caps.txt")
  }

  @Test func fiveSentencesAPicture() throws {
    try part("train", pictures: 3, rows: 15)
    try part("dev", pictures: 1002)
    try part("test", pictures: 2)
    try part("testall", pictures: 4, more: [36, 4])
    let set = try spec.load(options())
    #expect(set.split?.id == "precomp" && set.items(in: .train).map(\.id) == ["train/0", "train/1", "train/2"])
    // Of dev the first 5,000 sentences count.
    #expect(set.items(in: .validation).count == 1000 && set.items(in: .test).count == 2)
    #expect(set.captions(of: set.items(in: .test)[1]) == (0..<5).map { "test 1 sentence \($0)" })
    #expect(set.items(in: .test)[1].files == [scratch.file("test_ims.npy")] && set.completeness[.test]?.text == "2/2")
    #expect(try PrecomputedArrays.rowsPerPicture(scratch.file("train_ims.npy")) == 5)
    #expect(try PrecomputedArrays.rowsPerPicture(scratch.file("test_ims.npy")) == 1)
    let all = try spec.load(options("precomp-testall"))
    #expect(all.items(in: .test).map(\.id) == (0..<4).map { "testall/\($0)" } && all.split?.digest != set.split?.digest)
    #expect(LeakCheck.run(set).sameItems.isEmpty)
  }

  @Test func wrongFilesAreRefused() throws {
    let missing = refusal { try spec.load(options()) }?.description ?? ""
    for name in ["train", "dev", "test"] { #expect(missing.contains("\(name)_caps.txt"), "\(missing)") }
    try part("train", pictures: 3)
    try part("dev", pictures: 2)
    try part("test", pictures: 2, rows: 3)
    let shape = refusal { try spec.load(options()) }
    #expect(shape?.problem == "has the shape [3, 4] for 10 sentences" && shape?.file == scratch.file("test_ims.npy"))
    try part("test", pictures: 2)
    try scratch.write("a\nb\nc\n", "dev_caps.txt")
    #expect(refusal { try spec.load(options()) }?.problem == "has 3 sentences, not five a picture")
    try part("dev", pictures: 2)
    try scratch.write(Fixture.npy([2, 4]).dropLast(3), "test_ims.npy")
    #expect(refusal { try spec.load(options()) }?.problem.contains("bytes of data") == true)
    try scratch.write("not an array", "test_ims.npy")
    #expect(refusal { try spec.load(options()) }?.exitCode == 65)
    try part("test", pictures: 2)
    try scratch.write(Data([0xB0, 0xA1, 0x0A]), "test_caps.txt")
    #expect(refusal { try spec.load(options()) }?.problem == "is not valid UTF-8")
  }
}
