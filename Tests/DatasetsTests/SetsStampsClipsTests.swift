import Basics
import Datasets
import Foundation
import Testing

@Suite struct SetsStampsClipsTests {
  /// Six stamps, two with equal captions, one with a sound, one whose picture is broken.
  private func stamps(_ folder: String) throws -> String {
    let root = "\(folder)/stamps"
    for (index, name) in ["cat", "dog", "owl", "hen", "cow", "bad"].enumerated() {
      let caption = index < 2 ? "A pet." : "A \(name)."
      try AtomicFile.write(
        "\(caption)\nko.utf8=동물 \(index < 2 ? 0 : index)\n", to: "\(root)/animals/\(name).txt")
      let disc =
        "<svg xmlns='http://www.w3.org/2000/svg' width='80' height='60'><circle cx='40' cy='30' r='28' fill='#d02010'/></svg>"
      try AtomicFile.write(name == "bad" ? "<svg" : disc, to: "\(root)/animals/\(name).svg")
    }
    var settings = MediaWriter.Sound(rate: 22_050)
    settings.codec = "libvorbis"
    let writer = try MediaWriter("\(root)/animals/dog.ogg", video: nil, sound: settings)
    try writer.append(samples: sine(700, rate: 22_050, seconds: 1.5))
    try writer.finish()
    return root
  }

  /// Loads with a cache of its own.
  private func load(_ root: String, cache: String) throws -> Dataset {
    var options = DatasetOptions(root: root)
    options.acceptOtherData = true
    options.cache = cache
    return try DatasetRegistry.named("stamps-clips").load(options)
  }

  @Test func filmsShowAndSoundTheStamps() throws {
    try withTemporaryFolder { folder in
      let dataset = try load(try stamps(folder), cache: "\(folder)/cache")
      #expect(dataset.allItems.count == 5)
      #expect(dataset.skipped.map(\.id) == ["animals/bad"] && dataset.skipped[0].reason.contains("no film"))
      // The stamp without a film is listed all the same.
      #expect(dataset.split?.id == "label-64-26-10-s2022")
      #expect(Split.allCases.flatMap { dataset.unusable(in: $0) } == ["animals/bad"])
      for item in dataset.allItems {
        let path = try #require(item.videoPath)
        #expect(item.texts["en"] != nil && item.texts["ko"] != nil && item.label == "animals")
        let film = try VideoFile(path)
        #expect(film.table.count == 40 && abs(film.table.duration - 4) < 0.01)
        let frames = try film.pictures([0, 39])
        // The red disc is there, and has moved or changed its size.
        let reds = frames.map { image in
          (0..<256 * 256).filter {
            image.pixels[3 * $0] > 170 && image.pixels[3 * $0 + 1] < 90 && image.pixels[3 * $0 + 2] < 90
          }
        }
        #expect(reds.allSatisfy { $0.count > 2000 } && reds[0] != reds[1])
        #expect((item.audioPath != nil) == (item.id == "animals/dog"))
        #expect(try MediaContent(of: path).hasSound == (item.id == "animals/dog"))
      }
      let dog = try #require(dataset.allItems.first { $0.id == "animals/dog" }?.audioPath)
      let sound = try Sound.read(dog, rate: 16_000)
      #expect(abs(sound.duration - 4) < 0.15)
      #expect(
        sound.samples[2000..<20_000].map(abs).max() ?? 0 > 0.3
          && sound.samples.suffix(16_000).allSatisfy { abs($0) < 0.01 })
    }
  }

  @Test func equalCaptionsStayOnOneSide() throws {
    try withTemporaryFolder { folder in
      let dataset = try load(try stamps(folder), cache: "\(folder)/cache")
      let sides = Split.allCases.filter { split in
        dataset.items(in: split).contains { ["animals/cat", "animals/dog"].contains($0.id) }
      }
      #expect(sides.count == 1)
    }
  }

  @Test func makingThemAgainGivesTheSameBytes() throws {
    try withTemporaryFolder { folder in
      let root = try stamps(folder)
      let (first, second) = (try load(root, cache: "\(folder)/one"), try load(root, cache: "\(folder)/two"))
      #expect(first.digest == second.digest)
      for (a, b) in zip(first.allItems, second.allItems) {
        let (a, b) = (try #require(a.videoPath), try #require(b.videoPath))
        #expect(a != b)
        #expect(try Digest.ofFile(a) == Digest.ofFile(b))
      }
      // What is there is not made again; what is missing is.
      let kept = try #require(first.allItems[0].videoPath)
      let lost = try #require(first.allItems[1].videoPath)
      try AtomicFile.write("kept", to: kept)
      unlink(lost)
      _ = try load(root, cache: "\(folder)/one")
      #expect(try String(contentsOfFile: kept, encoding: .utf8) == "kept")
      #expect(FileManager.default.fileExists(atPath: lost))
    }
  }
}
