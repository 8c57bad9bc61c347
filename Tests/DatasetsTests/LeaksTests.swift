import Basics
import Datasets
import Foundation
import Testing

/// One planted leak of each kind, found by its own check and by no other.
@Suite struct LeaksTests {
  /// A folder of small pictures, all different.
  private final class World {
    let folder = NSTemporaryDirectory() + "ieum-leaks-\(UUID().uuidString)"

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    /// A bitmap of coarse coloured patches from a seed, each patch `scale` pixels wide.
    func picture(_ name: String, seed: UInt64, scale: Int = 4, brighter: Int = 0) throws -> String {
      var generator = SeededGenerator(seed: seed)
      let patches = (0..<16).map { _ in (0..<256).map { _ in 20 + Int(generator.uniform() * 200) } }
      let side = 16 * scale
      var bytes: [UInt8] = Array("BM".utf8)
      func number(_ value: Int, _ count: Int) { for i in 0..<count { bytes.append(UInt8(value >> (8 * i) & 255)) } }
      for (value, count) in [(54 + 3 * side * side, 4), (0, 4), (54, 4), (40, 4), (side, 4), (side, 4), (1, 2), (24, 2)] {
        number(value, count)
      }
      for _ in 0..<6 { number(0, 4) }
      for y in 0..<side {
        for x in 0..<side {
          let patch = patches[y / scale]
          for channel in 0..<3 { bytes.append(UInt8(min(255, patch[(x / scale + 16 * channel) % 256] + brighter))) }
        }
      }
      let path = "\(folder)/\(name)"
      try AtomicFile.write(Data(bytes), to: path)
      return path
    }

    /// Three items a split, nothing shared.
    func items() throws -> [Split: [DatasetItem]] {
      var items: [Split: [DatasetItem]] = [:]
      for (s, split) in Split.allCases.enumerated() {
        items[split] = try (0..<3).map { number in
          let id = "\(split.rawValue)-\(number)"
          return DatasetItem(
            id: id, texts: ["en": "The \(["red", "green", "blue"][s]) thing, number \(number)"],
            imagePaths: [try picture("\(id).bmp", seed: UInt64(10 * s + number + 1))], label: "l")
        }
      }
      return items
    }
  }

  private func leaks(_ items: [Split: [DatasetItem]]) -> LeakReport {
    LeakCheck.run(Dataset(name: "planted", language: "en", items: items, skipped: [], relevance: .sameLabel))
  }

  private func item(_ id: String, _ text: String, _ picture: String, video: String? = nil, title: String? = nil) -> DatasetItem {
    DatasetItem(id: id, texts: ["en": text], imagePaths: [picture], videoPath: video, label: "l", title: title)
  }

  @Test func soundSplitsShareNothing() throws {
    let world = World()
    let report = leaks(try world.items())
    #expect(report.leaks.isEmpty, "\(report.leaks)")
    #expect(report.items == 9 && report.unreadable == 0)
    #expect(report.summary == "none found among 9 items (checked: id, file, pixels, caption, video)")
  }

  @Test func theSameIdIsFound() throws {
    let world = World()
    var items = try world.items()
    items[.test]?.append(item("train-1", "something else", try world.picture("new.bmp", seed: 77)))
    #expect(leaks(items).leaks == [Leak(kind: .id, items: ["train-1", "train-1"], splits: [.train, .test], detail: "")])
  }

  @Test func theSameFileIsFoundUnderAnotherName() throws {
    let world = World()
    var items = try world.items()
    let copy = world.folder + "/copy.bmp"
    try FileManager.default.copyItem(atPath: world.folder + "/train-2.bmp", toPath: copy)
    items[.validation]?.append(item("copied", "something else", copy))
    let found = leaks(items).leaks
    // The same bytes are the same pixels too.
    #expect(found.map(\.kind) == [.file, .pixels])
    #expect(found.allSatisfy { $0.items == ["train-2", "copied"] && $0.splits == [.train, .validation] })
  }

  @Test func theSamePictureIsFoundInAnotherSizeAndBrightness() throws {
    let world = World()
    var items = try world.items()
    items[.test]?.append(item("scaled", "something else", try world.picture("scaled.bmp", seed: 1, scale: 7)))
    items[.test]?.append(item("lit", "yet another", try world.picture("lit.bmp", seed: 2, brighter: 4)))
    let found = leaks(items).leaks
    #expect(found.map(\.kind) == [.pixels, .pixels])
    #expect(Set(found.map(\.items)) == [["train-0", "scaled"], ["train-1", "lit"]])
    let without = LeakCheck.run(
      Dataset(name: "planted", language: "en", items: items, skipped: [], relevance: .sameLabel), kinds: [.id, .caption])
    #expect(without.leaks.isEmpty && without.checked == [.id, .caption])
  }

  @Test func flatPicturesAreTwinsOnlyInTheSameColour() throws {
    let world = World()
    var items = try world.items()
    func flat(_ name: String, _ colour: String) throws -> String {
      let path = "\(world.folder)/\(name).svg"
      try AtomicFile.write(
        "<svg xmlns='http://www.w3.org/2000/svg' width='40' height='40'><rect width='40' height='40' fill='\(colour)'/></svg>",
        to: path)
      return path
    }
    items[.train]?.append(item("red", "a", try flat("red", "#ff0000")))
    items[.test]?.append(item("blue", "b", try flat("blue", "#0000ff")))
    #expect(leaks(items).leaks.isEmpty)
    items[.test]?.append(item("reddish", "c", try flat("reddish", "#fe0000")))
    #expect(leaks(items).leaks.map(\.items) == [["red", "reddish"]])
  }

  @Test func theSameCaptionIsFoundInOtherLettersAndSigns() throws {
    let world = World()
    var items = try world.items()
    items[.test]?.append(item("said", "  THE red thing — number 1!", try world.picture("new.bmp", seed: 77)))
    let found = leaks(items).leaks
    #expect(found == [
      Leak(kind: .caption, items: ["train-1", "said"], splits: [.train, .test], detail: "the red thing number 1")
    ])
  }

  @Test func everyCaptionOfEveryLanguageCounts() throws {
    let world = World()
    var items = try world.items()
    let second = DatasetItem(
      id: "second", captions: ["en": ["something else", "The red thing, number 2"]],
      imagePaths: [try world.picture("second.bmp", seed: 78)], label: "l")
    let other = DatasetItem(
      id: "other", captions: ["en": ["nothing"], "ko": ["같은 말"]], imagePaths: [try world.picture("other.bmp", seed: 79)], label: "l")
    let same = DatasetItem(
      id: "same", captions: ["en": ["all"], "ko": ["같은 말!"]], imagePaths: [try world.picture("same.bmp", seed: 80)], label: "l")
    items[.test]? += [second, other]
    items[.validation]?.append(same)
    let found = leaks(items).leaks
    #expect(Set(found.map { Set($0.items) }) == [["train-2", "second"], ["other", "same"]], "\(found)")
    #expect(found.allSatisfy { $0.kind == .caption })
  }

  @Test func classNamesAreNoLeaks() throws {
    let world = World()
    var items = try world.items()
    items[.test]?.append(item("same", "The red thing, number 1", try world.picture("new.bmp", seed: 77)))
    let classes = Dataset(
      name: "planted", language: "en", items: items, skipped: [], relevance: .sameLabel, textRelevance: .label)
    #expect(leaks(items).count(.caption) == 1)
    #expect(LeakCheck.run(classes).leaks.isEmpty && !LeakCheck.run(classes).checked.contains(.caption))
  }

  /// What is trained on in one dataset against what is evaluated in another.
  @Test func datasetsAreCompared() throws {
    let world = World()
    let items = try world.items()
    func dataset(_ name: String, _ items: [Split: [DatasetItem]], namespace: String? = nil) -> Dataset {
      Dataset(
        name: name, language: "en", items: items, skipped: [], relevance: .sameLabel, namespace: namespace)
    }
    let held = dataset("a", items)
    // The same ids mean the same items within one namespace only.
    let twin = DatasetItem(id: "test-1", texts: ["en": "x"])
    func shares(_ other: Dataset, _ splits: [Split] = [.train]) -> [Leak.Kind] {
      LeakCheck.between((other, splits), (held, .test)).leaks.map(\.kind)
    }
    #expect(shares(dataset("b", [.train: [twin]])) == [])
    #expect(shares(dataset("b", [.train: [twin]], namespace: "a")) == [.id])
    #expect(shares(dataset("b", [.validation: [twin]], namespace: "a")) == [])
    #expect(shares(dataset("b", [.validation: [twin]], namespace: "a"), [.train, .validation]) == [.id])
    let prefixed = DatasetItem(id: "a/test-2", texts: ["en": "x"])
    #expect(shares(dataset("merged", [.train: [prefixed]], namespace: "")) == [.id])
    let copy = world.folder + "/other.bmp"
    try FileManager.default.copyItem(atPath: world.folder + "/test-0.bmp", toPath: copy)
    let found = LeakCheck.between(
      (dataset("b", [.train: [item("copied", "x", copy)]]), [.train]), (held, .test))
    #expect(found.leaks.map(\.kind) == [.file] && found.leaks[0].items == ["copied", "test-0"])
    #expect(found.shares == ["train+test": 1])
    #expect(LeakCheck.between((held, [.train]), (held, .test)).leaks.isEmpty)
  }

  @Test func partsOfOneFilmAreFound() throws {
    let world = World()
    var items = try world.items()
    func add(_ id: String, _ split: Split, _ number: UInt64, video: String? = nil, title: String? = nil) throws {
      items[split]?.append(
        item(id, "said of \(id)", try world.picture("\(number).bmp", seed: number), video: video, title: title))
    }
    try add("a", .train, 80, video: world.folder + "/film.mp4")
    try add("b", .test, 81, video: world.folder + "/film.mp4")
    try add("c", .train, 82, title: "Gone With The Wind")
    try add("d", .validation, 83, title: "Gone with the wind")
    try add("-4wsuPCjDBc_5_15", .train, 84)
    try add("-4wsuPCjDBc_20_30", .test, 85)
    try add("--0PQM4-hqg_000030", .train, 86)
    let found = leaks(items).leaks
    #expect(found.allSatisfy { $0.kind == .video })
    #expect(Set(found.map(\.items)) == [["a", "b"], ["c", "d"], ["-4wsuPCjDBc_5_15", "-4wsuPCjDBc_20_30"]])
  }
}
