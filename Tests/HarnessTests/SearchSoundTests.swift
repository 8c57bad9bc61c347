import Basics
import Datasets
import Foundation
import Harness
import Testing

/// Models with a sound side encode sounds as the run that trained them did.
@Suite struct SearchSoundTests {
  private let folder = NSTemporaryDirectory() + "ieum-search-sounds-\(UUID().uuidString)"
  private static let colours = ["red", "green", "blue", "black"]
  private var cache: Cache { Cache(environment: ["IEUM_CACHE": folder + "/cache"]) }

  /// Sixteen circles, each with a tone of its own height and length.
  private func world() throws {
    var rows = ["id,text,images,audio,split"]
    for number in 0..<16 {
      let colour = Self.colours[number % 4]
      try AtomicFile.write(
        "<svg xmlns='http://www.w3.org/2000/svg' width='64' height='64'><circle cx='32' cy='32' r='\(10 + number)' "
          + "fill='\(colour)'/></svg>", to: "\(folder)/\(number).svg")
      var settings = MediaWriter.Sound(rate: 16_000)
      settings.codec = "libvorbis"
      let writer = try MediaWriter("\(folder)/\(number).ogg", video: nil, sound: settings)
      let step = 2 * Double.pi * (200 + 100 * Double(number)) / 16_000
      try writer.append(samples: (0..<8000 + 1000 * number).map { Float(0.5 * sin(step * Double($0))) })
      try writer.finish()
      let split = number < 8 ? "train" : number < 12 ? "validation" : "test"
      rows.append("i\(number),A \(colour) circle,\(number).svg,\(number).ogg,\(split)")
    }
    try AtomicFile.write(rows.joined(separator: "\n") + "\n", to: folder + "/items.csv")
    let words = (Self.colours + ["circle"]).enumerated().map { place, word in
      ([word] + (0..<8).map { $0 == place ? "1" : "0" }).joined(separator: " ")
    }
    try AtomicFile.write("5 8\n" + words.joined(separator: "\n") + "\n", to: folder + "/words.txt")
  }

  private func experiment(_ audio: String?) throws -> String {
    let path = folder + "/experiment.yaml"
    try AtomicFile.write(
      """
      experiment: sounds
      title: Sounds
      base:
        task: towers
        dataset: {name: manifest, root: \(folder)/items.csv, language: en}
        sources: {captions: {pair: image-text}\(audio == nil ? "" : ", sounds: {pair: text-audio}")}
        text: {encoder: word2vec, weights: \(folder)/words.txt}
        image: {encoder: resnet18, weights: random, seed: 7, parameters: {frames: 1}}
      \(audio.map { "  audio: \($0)" } ?? "")
        model: {name: dual-encoder, parameters: {outputDimension: 8}}
        loss: {name: info-nce}
        training: {epochs: 2, batchSize: 4, learningRate: 0.01, patience: 2}
        evaluation: {metrics: [R@1], directions: [\(audio == nil ? "t2v" : "t2a")], select: MRR}
        seeds: [1]

      """, to: path)
    return path
  }

  @Test(arguments: [
    "{encoder: log-mel, parameters: {n_mels: 16}}",
    "{encoder: resnet18-audio, weights: random, seed: 3, parameters: {windows: 2, seconds: 0.5, n_mels: 32}}",
    "{encoder: resnet18-audio, train: true, parameters: {windows: 2, seconds: 0.5, n_mels: 32}}",
  ])
  func soundsAreEncodedAsInTheRun(audio: String) throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try world()
    try SearchModel.trained(experiment(audio), bench: Workbench(cache: cache)).write(to: folder + "/index")
    let encoder = try SearchModel.open(folder + "/index", cache: cache).encoder()
    #expect(encoder.hearsSound)
    let runs = folder + "/cache/runs"
    let files = (try? FileManager.default.subpathsOfDirectory(atPath: runs)) ?? []
    let name = try #require(files.first { $0.hasSuffix("/embeddings.h5") }, "\(files)")
    let run = try EmbeddingFile.read("\(runs)/\(name)")
    let ids = try #require(run.galleryIDs)
    #expect(ids == ["i12", "i13", "i14", "i15"] && run.dimension == 8)
    let vectors = try encoder.media(ids.map { .sound("\(folder)/\($0.dropFirst()).ogg", start: nil, end: nil) })
      .flatMap { try $0.get() }
    let worst = zip(vectors, run.gallery).map { abs($0 - $1) }.max() ?? 9
    #expect(vectors.count == 32 && worst < 1e-4, "\(worst)")
    // Not all sounds are one vector.
    #expect(zip(vectors[..<8], vectors[24...]).contains { abs($0 - $1) > 1e-3 })
    // Pictures and sounds in one call, in their order; what is none is told by itself.
    let mixed = try encoder.media([
      .pictures([folder + "/3.svg"]), .sound(folder + "/3.svg", start: nil, end: nil),
      .sound(folder + "/12.ogg", start: nil, end: nil),
    ])
    #expect(try mixed[0].get() == encoder.media(.pictures([folder + "/3.svg"])))
    #expect { try mixed[1].get() } throws: { ($0 as? IeumError)?.exitCode == 65 }
    #expect(try zip(mixed[2].get(), vectors[..<8]).allSatisfy { abs($0 - $1) < 1e-6 })
  }

  @Test func aModelWithoutASoundSideSaysSo() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try world()
    let encoder = try SearchModel.trained(experiment(nil), bench: Workbench(cache: cache)).encoder()
    #expect(!encoder.hearsSound)
    #expect { try encoder.media(.sound(folder + "/3.ogg", start: nil, end: nil)) } throws: {
      ($0 as? IeumError)?.exitCode == 64 && "\($0)".contains("no sound side")
    }
    // Stored features cannot be made of a new sound.
    let stored = try experiment("{encoder: stored, weights: \(folder)/none.h5}")
    #expect { try SearchModel.trained(stored, bench: Workbench(cache: cache)) } throws: {
      ($0 as? IeumError)?.exitCode == 64 && "\($0)".contains("log-mel")
    }
  }
}
