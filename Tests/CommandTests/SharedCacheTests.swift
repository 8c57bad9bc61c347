import Basics
import Foundation
import Synchronization
import Testing

/// Two processes that run the same sweep at the same time on one cache: everything is made once.
@Suite(.serialized) struct SharedCacheTests {
  private let mini: Miniature

  init() throws { mini = try Miniature() }

  /// Runs an experiment in two processes at once.
  private func twice(_ experiment: String) throws -> [Program] {
    let mini = mini
    let runs = Mutex<[Program]>([])
    DispatchQueue.concurrentPerform(iterations: 2) { number in
      let run = try? Program.run(
        ["run", experiment, "--results", "\(mini.folder)/results-\(number)"], cache: mini.folder + "/cache")
      if let run { runs.withLock { $0.append(run) } }
    }
    return runs.withLock { $0 }
  }

  private func cells(_ number: Int, _ experiment: String) throws -> [String: [String: Any]] {
    let folder = "\(mini.folder)/results-\(number)/\(experiment)/cells"
    return Dictionary(
      try FileManager.default.contentsOfDirectory(atPath: folder).map { id in
        let data = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(id)/result.json"))
        let json = try JSONSerialization.jsonObject(with: data) as? [String: Any] ?? [:]
        return (json["row"] as? String ?? id, json)
      }, uniquingKeysWith: { $1 })
  }

  /// What both runs say they made, such as `manifest → resnet18: 36 items`.
  private func made(_ runs: [Program]) -> [String] {
    runs.flatMap { $0.errors.split(separator: "\n").map(String.init) }.filter { $0.contains(" → ") && $0.hasSuffix(" items") }
  }

  private func check(_ experiment: String, path: String, makes files: [String], rows: Int) throws {
    let runs = try twice(path)
    #expect(runs.count == 2 && runs.allSatisfy { $0.status == 0 }, "\(runs.map(\.errors))")
    #expect(made(runs).sorted() == files.map { "\($0): \(Miniature.count) items" }.sorted())
    let (one, two) = (try cells(0, experiment), try cells(1, experiment))
    #expect(one.count == rows && two.count == rows)
    for (row, cell) in one {
      // Times are of one computation, not of two.
      #expect(cell["wallSeconds"] as? [String: Double] == two[row]?["wallSeconds"] as? [String: Double])
      #expect(cell["status"] as? String == "ok", "\(cell["reason"] ?? "")")
      #expect(cell["metrics"] as? [String: [Double]] == two[row]?["metrics"] as? [String: [Double]])
    }
  }

  @Test func itemsAreComputedOnce() throws {
    defer { mini.remove() }
    try check("mini", path: mini.experiment, makes: ["manifest → resnet18"], rows: 3)
    let features = try FileManager.default.contentsOfDirectory(atPath: mini.folder + "/cache/features")
    #expect(features.count == 1, "\(features)")
    let runs = try FileManager.default.contentsOfDirectory(atPath: mini.folder + "/cache/runs")
    #expect(runs.count == 6, "\(runs)")
    // What a cell took of the memory is known to the next sweep.
    #expect(try FileManager.default.contentsOfDirectory(atPath: mini.folder + "/cache/memory").isEmpty == false)
  }

  /// The data of the miniature with a tone for every picture, and an experiment on them.
  private func experiment(_ name: String, _ settings: String) throws -> String {
    let table = try String(contentsOfFile: mini.folder + "/items.csv", encoding: .utf8)
    let lines = table.split(separator: "\n").enumerated().map { number, line in
      number == 0 ? line + ",audio" : line + ",sounds/\(number - 1).wav"
    }
    for item in 0..<Miniature.count { try AtomicFile.write(tone(item), to: mini.folder + "/sounds/\(item).wav") }
    try mini.write(lines.joined(separator: "\n") + "\n", "sounding.csv")
    let words = ["red", "green", "blue", "black", "circle", "square", "star"].enumerated().map { place, word in
      word + " " + (0..<7).map { $0 == place ? "1.0" : "0.0" }.joined(separator: " ")
    }
    try mini.write(words.joined(separator: "\n") + "\n", "words.txt")
    try mini.write(
      """
      experiment: \(name)
      base:
        dataset: {name: manifest, root: \(mini.folder)/sounding.csv, language: en}
      \(settings)
      sweep: [{table: rows, rows: {one: {}, two: {training: {learningRate: 0.002}}}}]

      """, name + ".yaml")
    return "\(mini.folder)/\(name).yaml"
  }

  /// Half a second of a sine as 16-bit PCM.
  private func tone(_ item: Int) -> Data {
    func bytes<T: FixedWidthInteger>(_ value: T) -> Data { withUnsafeBytes(of: value.littleEndian) { Data($0) } }
    let samples = (0..<8000).map { Int16(9000 * sin(Double($0 * (item + 5)) / 50)) }
    let format = bytes(UInt32(16)) + bytes(UInt16(1)) + bytes(UInt16(1)) + bytes(UInt32(16_000)) + bytes(UInt32(32_000))
      + bytes(UInt16(2)) + bytes(UInt16(16))
    let data = Data("data".utf8) + bytes(UInt32(2 * samples.count)) + samples.reduce(into: Data()) { $0 += bytes($1) }
    return Data("RIFF".utf8) + bytes(UInt32(12 + format.count + data.count)) + Data("WAVEfmt ".utf8) + format + data
  }

  @Test func towersAreFedOnce() throws {
    defer { mini.remove() }
    let path = try experiment(
      "towers",
      """
        task: towers
        sources: {captions: {pair: image-text}, sounds: {pair: image-audio}}
        text: {encoder: word2vec, weights: \(mini.folder)/words.txt}
        image: {encoder: resnet18, weights: random, seed: 7, parameters: {frames: 1}}
        audio: {encoder: log-mel, parameters: {n_mels: 16}}
        model: {name: three-tower, parameters: {hidden: 8, outputDimension: 8}}
        loss: {name: four-term}
        training: {epochs: 2, batchSize: 6, learningRate: 0.001}
        evaluation: {metrics: [R@1, MedR]}
      """)
    try check(
      "towers", path: path,
      makes: ["manifest captions → word2vec", "manifest → resnet18", "manifest → log-mel"], rows: 2)
  }

  @Test func clipsAreDecodedOnce() throws {
    defer { mini.remove() }
    let path = try experiment(
      "clips",
      """
        task: clips
        image: {encoder: vit-b-32, parameters: {side: 16, patch: 8, width: 64, layers: 1, dimension: 64, frames: 1}}
        text: {encoder: clip-text, parameters: {width: 64, layers: 1, vocabulary: 560, words: 16}}
        model: {name: clip4clip}
        training: {epochs: 2, batchSize: 6, learningRate: 0.001, workers: 0}
        evaluation: {metrics: [R@1, MedR]}
      """)
    try check("clips", path: path, makes: ["manifest → pixels"], rows: 2)
  }
}
