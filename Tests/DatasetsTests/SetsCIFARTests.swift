import Basics
import Datasets
import Foundation
import Testing

/// CIFAR-10's binary release in small, and the protocols of deep hashing on its ids.
@Suite struct SetsCIFARTests {
  private static let names = "airplane automobile bird cat deer dog frog horse ship truck".split(
    separator: " "
  ).map(String.init)
  private static let files = (1...5).map { "data_batch_\($0).bin" } + ["test_batch.bin"]
  private let scratch: StoreScratch
  private let cifar: any DatasetSpec

  init() throws {
    scratch = try StoreScratch()
    cifar = try DatasetRegistry.named("cifar10")
    try scratch.write(Self.names.joined(separator: "\n") + "\n\n", "batches.meta.txt")
    for (file, name) in Self.files.enumerated() { try scratch.write(Self.batch([file, 9, 0]), name) }
  }

  /// A byte of a record's picture that tells label, colour and pixel apart.
  private static func value(_ label: Int, _ colour: Int, _ pixel: Int) -> UInt8 {
    UInt8((label * 31 + colour * 85 + pixel) % 256)
  }

  private static func batch(_ labels: [Int]) -> Data {
    var bytes: [UInt8] = []
    for label in labels {
      bytes.append(UInt8(label))
      for colour in 0..<3 { bytes += (0..<1024).map { value(label, colour, $0) } }
    }
    return Data(bytes)
  }

  private func options(_ split: String? = nil, anyCount: Bool = true) -> DatasetOptions {
    var options = DatasetOptions(root: scratch.path)
    options.cache = scratch.file("cache")
    options.acceptOtherData = anyCount
    options.split = split
    return options
  }

  @Test func idsLabelsAndPicturesFollowTheRelease() throws {
    let set = try cifar.load(options())
    #expect(set.items(in: .test).map(\.id) == ["50000", "50001", "50002"])
    #expect(
      set.items(in: .train).map(\.id).prefix(4) == ["0", "1", "2", "10000"] && set.allItems.count == 18)
    let items = Dictionary(uniqueKeysWithValues: set.allItems.map { ($0.id, $0) })
    #expect(items["30000"]?.label == "cat" && items["30001"]?.texts == ["en": "truck"])
    #expect(set.split?.id == "cifar10-50k-official" && set.completeness[.test]?.found == 0)

    let path = try #require(items["40000"]?.imagePaths.first)
    #expect(!FileManager.default.fileExists(atPath: path))
    var steps: [[Int]] = []
    try cifar.makeFiles(options()) { steps.append([$0, $1]) }
    #expect(steps == [[0, 18], [18, 18]])
    let picture = try ImageDecoder.decode(path)
    #expect(picture.width == 32 && picture.height == 32)
    #expect(picture.pixels == (0..<1024).flatMap { pixel in (0..<3).map { Self.value(4, $0, pixel) } })
    #expect(try cifar.load(options()).completeness[.train] == Completeness(listed: 15, found: 15))
    #expect(try cifar.load(options()).digest == set.digest)
    try scratch.write(Self.batch([5, 8, 0]), "test_batch.bin")
    #expect(try cifar.load(options()).digest != set.digest)
  }

  @Test func damagedFilesAreToldByFileAndRecord() throws {
    let few = refusal { try cifar.load(options(anyCount: false)) }
    #expect(few?.exitCode == 65 && few?.problem == "holds 3 records, the published file 10000")
    #expect(
      few?.file?.hasSuffix("data_batch_1.bin") == true && few?.remedy?.contains("data_batch_5.bin") == true)

    try scratch.write(Self.batch([1, 2, 3]).dropLast(100), "data_batch_2.bin")
    let cut = refusal { try cifar.load(options()) }
    #expect(cut?.file?.hasSuffix("data_batch_2.bin") == true && cut?.place == "record 2")
    #expect(cut?.problem == "ends after 2973 of the record's 3073 bytes")

    try scratch.write(Self.batch([1, 10, 3]), "data_batch_2.bin")
    let label = refusal { try cifar.load(options()) }
    #expect(label?.place == "record 1" && label?.problem.contains("label 10") == true)

    try scratch.write(Data(), "data_batch_2.bin")
    #expect(refusal { try cifar.load(options()) }?.problem.contains("holds 0 records") == true)
    try scratch.write(Data(count: 3073 * 10_001), "data_batch_2.bin")
    #expect(refusal { try cifar.load(options()) }?.problem.contains("holds 10001 records") == true)
    try FileManager.default.removeItem(atPath: scratch.file("data_batch_2.bin"))
    #expect(refusal { try cifar.load(options()) }?.problem == "cannot be read")

    try scratch.write(Self.batch([0, 1, 2]), "data_batch_2.bin")
    try scratch.write(Self.names.reversed().joined(separator: "\n"), "batches.meta.txt")
    #expect(refusal { try cifar.load(options()) }?.file?.hasSuffix("batches.meta.txt") == true)
  }

  @Test func protocolsNeedTheWholeRelease() throws {
    #expect(
      refusal { try cifar.load(options("cifar10-54k")) }?.problem.contains("classes of one size") == true)
    #expect(refusal { try cifar.load(options("cifar10-45k")) }?.exitCode == 64)
    #expect(refusal { try HashingProtocol.named("cifar10-50k") }?.remedy?.contains("cifar10-5") == true)
    let other = Dataset(name: "toy", language: "en", items: [:], skipped: [], relevance: .sameLabel)
    #expect(refusal { try HashingProtocol.gallery54k.task(of: other) }?.exitCode == 64)
  }

  /// 60,000 pictures, the classes in turn; the hashes come from another program that follows the documented
  /// rule.
  @Test func listsAreFrozen() throws {
    let items = (0..<60_000).map { DatasetItem(id: "\($0)", captions: [:], label: Self.names[$0 * 7 % 10]) }
    let frozen: [(HashingProtocol, [Int], [String])] = [
      (.gallery54k, [1_000, 5_000, 54_000], ["a6480e6b1dd9", "57d4960723fb", "10bac77ffb65"]),
      (.gallery59k, [1_000, 5_000, 59_000], ["a6480e6b1dd9", "57d4960723fb", "5960ffd5c25c"]),
      (.random50k, [10_000, 50_000, 50_000], ["f1260aaa77a8", "6ea2b1b5e08e", "6ea2b1b5e08e"]),
      (.official50k, [10_000, 50_000, 50_000], ["e7b00d1f147e", "6d8abe9f2204", "6d8abe9f2204"]),
    ]
    for (chosen, sizes, hashes) in frozen {
      let lists = try chosen.lists(of: items)
      let parts = [lists.queries, lists.training, lists.gallery]
      #expect(
        parts.map(\.count) == sizes && parts.map { String(IDList.hash($0).prefix(12)) } == hashes, "\(chosen)"
      )
      #expect(
        Set(lists.gallery).isDisjoint(with: lists.queries)
          && Set(lists.training).isDisjoint(with: lists.queries))
      #expect(Set(lists.gallery).isDisjoint(with: lists.training) == (chosen == .gallery54k))
      #expect(chosen.listName.hasSuffix("-ieum1") == (chosen != .official50k))
      let labels = Dictionary(grouping: lists.queries) { Self.names[(Int($0) ?? 0) * 7 % 10] }
      #expect(Set(labels.values.map(\.count)) == [sizes[0] / 10], "\(chosen)")
    }
    #expect(
      try HashingProtocol.gallery54k.lists(of: items.reversed())
        == HashingProtocol.gallery54k.lists(of: items))
  }
}
