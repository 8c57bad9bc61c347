import Basics
import Datasets
import Foundation
import Harness
import Testing

/// Towers on films: stored and end to end, with the examples of a report.
@Suite struct TowersMediaTests {
  private static let colours = ["red", "green", "blue", "yellow"]
  private static let shapes = ["ball", "box", "hill", "ring"]

  /// Sixteen stamps of coloured shapes, three of four with a tone.
  private func stamps(_ folder: String) throws {
    for (c, colour) in Self.colours.enumerated() {
      for (s, shape) in Self.shapes.enumerated() {
        let path = "\(folder)/stamps/things/\(colour)-\(shape)"
        try AtomicFile.write("A \(colour) \(shape).\nko.utf8=\(colour) \(shape)\n", to: path + ".txt")
        let body = [
          "<circle cx='40' cy='40' r='30' fill='\(colour)'/>", "<rect x='10' y='10' width='60' height='60' fill='\(colour)'/>",
          "<path d='M5 70 L40 10 L75 70 Z' fill='\(colour)'/>",
          "<circle cx='40' cy='40' r='25' fill='none' stroke='\(colour)' stroke-width='9'/>",
        ][s]
        try AtomicFile.write(
          "<svg xmlns='http://www.w3.org/2000/svg' width='80' height='80'>\(body)</svg>", to: path + ".svg")
        guard s < 3 else { continue }
        var settings = MediaWriter.Sound(rate: 16_000)
        settings.codec = "libvorbis"
        let writer = try MediaWriter(path + ".ogg", video: nil, sound: settings)
        let hertz = 200.0 * Double(c * 4 + s + 1)
        try writer.append(samples: (0..<16_000).map { Float(0.5 * sin(2 * .pi * hertz * Double($0) / 16_000)) })
        try writer.finish()
      }
    }
    let words = (Self.colours + Self.shapes).enumerated().map { place, word in
      ([word] + (0..<8).map { $0 == place ? "1.0" : "0.0" }).joined(separator: " ")
    }
    try AtomicFile.write(words.joined(separator: "\n") + "\n", to: folder + "/words.txt")
  }

  private func experiment(_ folder: String) throws -> String {
    let path = folder + "/experiment.yaml"
    try AtomicFile.write(
      """
      experiment: towers-media
      base:
        task: towers
        dataset: {name: stamps-clips, root: \(folder)/stamps, options: {acceptOtherData: true}}
        sources:
          captions: {pair: image-text}
          sounds: {pair: image-audio}
        text: {encoder: text-cnn, weights: \(folder)/words.txt, parameters: {length: 3, kernels: "1", filters: 8}}
        image: {encoder: resnet18, weights: random, seed: 1, parameters: {frames: 2}}
        audio: {encoder: log-mel, parameters: {n_mels: 16}}
        model: {name: three-tower, parameters: {hidden: 16, outputDimension: 8}}
        loss: {name: four-term}
        training: {epochs: 2, batchSize: 4, learningRate: 0.001, workers: 2}
        evaluation: {metrics: [R@1, MedR], audioShares: [0, 0.3]}
      sweep:
        - table: rows
          rows:
            stored: {}
            end to end:
              image: {encoder: resnet18, weights: random, seed: 1, train: true, parameters: {frames: 2}}
              audio: {encoder: resnet18-audio, train: true, parameters: {windows: 2, seconds: 1, n_mels: 32}}
              training: {epochs: 1, precision: bf16}
      report:
        examples: {from: rows, row: stored, queries: ["A red ball."], worst: 1}

      """, to: path)
    return path
  }

  @Test func filmsStoredAndEndToEnd() throws {
    let folder = NSTemporaryDirectory() + "ieum-towers-media-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try stamps(folder)
    var options = DatasetOptions(root: folder + "/stamps")
    (options.acceptOtherData, options.cache) = (true, folder + "/cache")
    let dataset = try DatasetRegistry.named("stamps-clips").load(options)
    let query = try #require(dataset.items(in: .test).first)
    let text = try dataset.text(of: query)
    var yaml = try String(contentsOfFile: experiment(folder), encoding: .utf8)
    yaml = yaml.replacingOccurrences(of: "A red ball.", with: text)
    let path = folder + "/run.yaml"
    try AtomicFile.write(yaml, to: path)
    let cache = Cache(environment: ["IEUM_CACHE": folder + "/cache"])
    let results = folder + "/results"
    let outcome = try SweepRunner(Experiment.load(path), bench: Workbench(cache: cache)).run(
      only: nil, jobs: 1, results: results
    ) { index, count in
      do {
        try SweepRunner(Experiment.load(path), bench: Workbench(cache: cache)).work(only: nil, index: index, count: count)
        return 0
      } catch { return 1 }
    }
    #expect(outcome.computed == 2 && outcome.failed.isEmpty, "\(outcome.failed)")
    for cell in try Report.cells(in: results) {
      #expect(cell.gallery == dataset.items(in: .test).count && cell.skippedItems == 0)
      #expect(cell.notes.contains("stamps-clips is a stand-in for film clips, made of real pictures, sounds and sentences"))
      #expect(cell.evaluated?.name == "stamps-clips/label-64-26-10-s2022 test")
      #expect((cell.metrics["R@1"]?.first ?? -1) >= 0 && cell.digests.audioFeatures != nil)
    }
    let examples = try #require(try Examples.read(results))
    #expect(examples.queries.map(\.isWorst) == [false, true])
    #expect(examples.queries[0].text == text && examples.queries[0].hits.count == min(5, dataset.items(in: .test).count))
    let name = try #require(examples.queries[0].hits.first?.thumbnail)
    let bytes = try Data(contentsOf: URL(fileURLWithPath: "\(results)/examples/\(name)"))
    #expect(bytes.starts(with: [0xFF, 0xD8]) && bytes.count > 500)
  }

  @Test func thumbnailsAreReadableJPEG() throws {
    let red = RGBImage(width: 40, height: 20, pixels: (0..<800).flatMap { _ in [200, 30, 40] as [UInt8] })
    let path = NSTemporaryDirectory() + "ieum-thumbnail-\(UUID().uuidString).jpg"
    defer { unlink(path) }
    try AtomicFile.write(Data(JPEGWriter.thumbnail(red, side: 16)), to: path)
    let read = try ImageDecoder.decode(path)
    #expect(read.width == 16 && read.height == 16)
    for (value, wanted) in zip(read.pixels.prefix(3), [200, 30, 40]) { #expect(abs(Int(value) - wanted) <= 4) }
  }
}
