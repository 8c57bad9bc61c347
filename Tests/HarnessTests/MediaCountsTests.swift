import Basics
import Datasets
import Foundation
import Harness
import Testing

/// What opening the films of a dataset tells is shown as it comes, and kept.
@Suite struct MediaCountsTests {
  /// Lines written, and items counted; both from several threads.
  private final class Record: @unchecked Sendable {
    private let lock = NSLock()
    private var texts: [String] = []
    private var names: [String] = []

    func write(_ text: String) { lock.withLock { texts.append(text) } }
    func count(_ id: String) { lock.withLock { names.append(id) } }
    var lines: [String] { lock.withLock { texts } }
    var counted: [String] { lock.withLock { names.sorted() } }
  }

  private let folder = NSTemporaryDirectory() + "ieum-counts-\(UUID().uuidString)"

  /// Films that no test opens: the counting is the test's.
  private func dataset(_ count: Int) -> Dataset {
    let items = (0..<count).map { DatasetItem(id: "i\($0)", texts: ["en": "film \($0)"], videoPath: "\(folder)/\($0).mp4") }
    return Dataset(name: "films", language: "en", items: [.train: items], skipped: [], relevance: .relatedIDs)
  }

  private func counts(
    of dataset: Dataset, _ record: Record, terminal: Bool = false, what: String = "frames",
    _ count: @Sendable (DatasetItem) throws -> Int
  ) throws -> MediaCounts {
    let progress = Progress(isTerminal: terminal) { record.write($0) }
    return try MediaCounts(dataset, what, cache: Cache(environment: ["IEUM_CACHE": folder]), progress: progress) { item in
      record.count(item.id)
      return try count(item)
    }
  }

  private func kept() throws -> [String: Int] {
    let names = try FileManager.default.contentsOfDirectory(atPath: folder + "/counts").filter { $0.hasSuffix(".json") }
    let name = try #require(names.first)
    #expect(names.count == 1)
    return try JSONDecoder().decode([String: Int].self, from: Data(contentsOf: URL(fileURLWithPath: "\(folder)/counts/\(name)")))
  }

  @Test func pieceByPieceOnATerminal() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let (films, record) = (dataset(2_500), Record())
    let found = try counts(of: films, record, terminal: true) { item in
      // One film of every piece takes longer than a line stays.
      if ["i0", "i1000", "i2000"].contains(item.id) { usleep(250_000) }
      // What has been counted before this piece is in the cache: an interruption loses no more than the piece.
      if item.id == "i2499" { record.write("kept \(try kept().count)") }
      return item.id.count
    }
    #expect(found.counts.count == 2_500 && found.counts["i17"] == 3 && found.errors.isEmpty)
    let lines = record.lines.filter { !$0.hasPrefix("kept") }
    #expect(record.lines.filter { $0.hasPrefix("kept") } == ["kept 2000"])
    #expect(lines.count == 4 && zip(lines, [1_000, 2_000, 2_500]).allSatisfy { $0.contains("films → frames: \($1)/2500, ") })
    #expect(lines.last == "\r\u{1B}[K")
    #expect(try kept() == found.counts)
  }

  @Test func onlyWhatIsNotKnownIsCountedAgain() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let films = dataset(5)
    let first = Record()
    let found = try counts(of: films, first) { item in
      if item.id == "i3" { throw IeumError(.data, "is cut off", file: item.videoPath) }
      return 2
    }
    #expect(first.lines == ["films → frames: 5 items\n"] && first.counted.count == 5)
    #expect(found.counts.count == 4 && found.errors.keys.sorted() == ["i3"] && found.errors["i3"]?.contains("cut off") == true)
    // What could not be read is tried again, and nothing else.
    let second = Record()
    let again = try counts(of: films, second) { _ in 7 }
    #expect(second.lines == ["films → frames: 1 items\n"] && second.counted == ["i3"])
    #expect(again.counts["i3"] == 7 && again.counts["i0"] == 2 && again.errors.isEmpty)
    let third = Record()
    #expect(try counts(of: films, third) { _ in 9 }.counts == again.counts)
    #expect(third.lines.isEmpty && third.counted.isEmpty)
    // A damaged record is made anew; another question has a record of its own.
    let name = try #require(try FileManager.default.contentsOfDirectory(atPath: folder + "/counts").first { $0.hasSuffix(".json") })
    try AtomicFile.write("{\"i0\": 2", to: "\(folder)/counts/\(name)")
    let fourth = Record()
    #expect(try counts(of: films, fourth) { _ in 3 }.counts == Dictionary(uniqueKeysWithValues: (0..<5).map { ("i\($0)", 3) }))
    #expect(fourth.counted.count == 5)
    let fifth = Record()
    #expect(try counts(of: films, fifth, what: "sound") { _ in 1 }.counts["i0"] == 1 && fifth.counted.count == 5)
  }
}
