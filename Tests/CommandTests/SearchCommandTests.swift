import Basics
import Datasets
import Foundation
import Testing

/// `ieum index create`, `search` and `serve` as a user runs them, through every kind of model that search takes.
@Suite(.serialized) struct SearchCommandTests {
  enum Kind: String, CaseIterable, CustomTestStringConvertible {
    case towers, clips, published
    var testDescription: String { rawValue }
    /// Whether it has learnt the colours and shapes of the miniature.
    var isTrained: Bool { self == .clips }
  }

  private static let golden = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/Golden/clipko"
  let world: Miniature

  init() throws {
    world = try Miniature()
    let words = ["red", "green", "blue", "black", "circle", "square", "star"].enumerated().map { index, word in
      word + " " + (0..<8).map { $0 == index ? "1" : "0" }.joined(separator: " ")
    }
    try world.write("7 8\n" + words.joined(separator: "\n") + "\n", "words.txt")
  }

  /// What makes an experiment one of that kind, and how long it trains.
  private func settings(_ kind: Kind) -> (sides: String, training: String) {
    switch kind {
    case .towers:
      return (
        """
          task: towers
          sources: {captions: {pair: image-text}}
          text: {encoder: word2vec, weights: \(world.folder)/words.txt}
          image: {encoder: resnet18, weights: random, seed: 7, parameters: {frames: 1}}
          model: {name: dual-encoder, parameters: {outputDimension: 16}}
          loss: {name: info-nce}
        """, "{epochs: 2, batchSize: 9, learningRate: 0.01, patience: 2}"
      )
    case .clips:
      return (
        """
          task: clips
          image: {encoder: vit-b-32, parameters: {side: 16, patch: 8, width: 64, layers: 1, dimension: 64, frames: 2}}
          text: {encoder: clip-text, parameters: {width: 64, layers: 1, vocabulary: 560, words: 16}}
          model: {name: clip4clip}
        """,
        "{epochs: 40, batchSize: 9, learningRate: 0.003, patience: 40, workers: 0, augment: true, recipe: {towerFactor: 1}}"
      )
    case .published:
      return (
        """
          task: clips
          image: {encoder: vit-b-32, weights: \(Self.golden)/clip/ViT-B-32.pt, parameters: {frames: 2}}
          text: {encoder: clip-multilingual, weights: \(Self.golden)/clip-multilingual/model.safetensors}
          model: {name: clip4clip, parameters: {head: seqTransf}}
        """, "{epochs: 1, batchSize: 9, learningRate: 0.001, patience: 1, workers: 0}"
      )
    }
  }

  /// An experiment of that kind on the miniature's pictures.
  func experiment(_ kind: Kind) throws -> String {
    let (sides, training) = settings(kind)
    try world.write(
      """
      experiment: tiny-\(kind.rawValue)
      title: A tiny \(kind.rawValue) model
      base:
        dataset: {name: manifest, root: \(world.folder)/items.csv, language: en}
      \(sides)
        training: \(training)
        evaluation: {metrics: [R@1], directions: [t2v], select: MRR}
        seeds: [1]

      """, "\(kind.rawValue).yaml")
    return "\(world.folder)/\(kind.rawValue).yaml"
  }

  func run(_ arguments: String...) throws -> Program {
    try Program.run(arguments, cache: world.folder + "/cache", in: world.folder)
  }

  func create(_ kind: Kind) throws -> String {
    let folder = "\(world.folder)/index-\(kind.rawValue)"
    let made = try run("index", "create", folder, "--model", experiment(kind), "--media", world.folder + "/images")
    #expect(made.status == 0 && made.output.contains("36 items, forest index"), "\(made.errors)")
    return folder
  }

  /// A film of one picture, half a second long.
  private func film() throws -> String {
    let path = world.folder + "/query.mp4"
    let picture = try ImageDecoder.decode(world.folder + "/images/4.svg")
    var video = MediaWriter.Video(width: picture.width, height: picture.height, ticksPerSecond: 4)
    (video.codec, video.pixelFormat) = ("mpeg4", "yuv420p")
    let writer = try MediaWriter(path, video: video)
    for frame in 0..<4 { try writer.append(picture, at: frame) }
    try writer.finish()
    return path
  }

  private func ids(_ answer: Any?) -> [String] {
    let hits = (answer as? [String: Any])?["hits"] as? [[String: Any]] ?? []
    return hits.compactMap { ($0["item"] as? [String: Any])?["id"] as? String }
      .map { ((($0 as NSString).lastPathComponent) as NSString).deletingPathExtension }
  }

  private func scores(_ answer: [String: Any]) -> [Double] {
    (answer["hits"] as? [[String: Any]] ?? []).compactMap { $0["score"] as? Double }
  }

  @Test(arguments: Kind.allCases) func everyKindOfModelSearches(kind: Kind) throws {
    defer { world.remove() }
    let index = try create(kind)
    // A picture of the index finds itself, and so does the same picture as a clip, as nearly as its compression allows.
    let picture = try run("search", "--image", world.folder + "/images/5.svg", "--index", index, "-k", "3", "--json")
    #expect(picture.status == 0, "\(picture.errors)")
    let hits = try picture.json["hits"] as? [[String: Any]] ?? []
    #expect(try ids(picture.json).first == "5" && hits.count == 3)
    #expect((hits.first?["score"] as? Double ?? 0) > 0.9999)
    let clip = try run("search", "--video", film(), "--index", index, "-k", "36", "--json")
    let likeClip = try ids(clip.json)
    #expect(clip.status == 0 && likeClip.prefix(9).contains("4"), "\(likeClip) \(clip.errors)")
    let like = try run("search", "--like", world.folder + "/images/5.svg", "--index", index, "-k", "35", "--json")
    #expect(try Set(ids(like.json)).count == 35 && !ids(like.json).contains("5"))

    let queries = (0..<36).filter { $0 % 12 < 6 }
    let rows = try String(contentsOfFile: world.folder + "/items.csv", encoding: .utf8).split(separator: "\n")
    try world.write(queries.map { String(rows[$0 + 1].split(separator: ",")[1]) + "\n" }.joined(), "queries.txt")
    let page = world.folder + "/found.html"
    let text = try run(
      "search", "--queries", world.folder + "/queries.txt", "--index", index, "-k", "36", "--json", "--html", page)
    let answers = try JSONSerialization.jsonObject(with: Data(text.output.utf8)) as? [[String: Any]] ?? []
    #expect(text.status == 0 && answers.count == 18, "\(text.errors)")
    let ranks = zip(queries, answers).map { query, answer in Double((ids(answer).firstIndex(of: "\(query)") ?? 99) + 1) }
    #expect(ranks.allSatisfy { $0 <= 36 })
    // Chance is 18.5.
    if kind.isTrained { #expect(ranks.reduce(0, +) / 18 < 12, "\(ranks)") }
    // The page says which model stands behind it.
    let html = try String(contentsOfFile: page, encoding: .utf8)
    #expect(html.contains("A tiny \(kind.rawValue) model (tiny-\(kind.rawValue); trained on manifest)"))
    let info = try run("index", "info", index)
    #expect(info.output.contains("tiny-\(kind.rawValue)") && info.output.contains("36 items (0 removed"))
    if kind == .published {
      let korean = try run("search", "빨간 원", "--index", index, "--json")
      let other = try run("search", "파란 별이 움직인다", "--index", index, "--json")
      #expect(korean.status == 0 && other.status == 0, "\(korean.errors)")
      #expect(try scores(korean.json).count == 10 && scores(korean.json) != scores(other.json))
    }
  }

  /// A film of two colours, two seconds each.
  private func twoShots() throws -> String {
    let path = world.folder + "/red-blue.mp4"
    var video = MediaWriter.Video(width: 64, height: 64, ticksPerSecond: 4)
    (video.codec, video.pixelFormat) = ("mpeg4", "yuv420p")
    let writer = try MediaWriter(path, video: video)
    for frame in 0..<16 {
      let colour: [UInt8] = frame < 8 ? [240, 20, 20] : [20, 20, 240]
      try writer.append(RGBImage(width: 64, height: 64, pixels: (0..<4096).flatMap { _ in colour }), at: frame)
    }
    try writer.finish()
    return path
  }

  /// An experiment with a sound side, a tone for each picture.
  private func soundExperiment() throws -> String {
    let rows = try String(contentsOfFile: world.folder + "/items.csv", encoding: .utf8).split(separator: "\n")
    let table = rows.enumerated().map { $1 + ($0 == 0 ? ",audio" : ",sounds/red-tone-\($0 - 1).ogg") }
    try world.write(table.joined(separator: "\n") + "\n", "sounding.csv")
    try FileManager.default.createDirectory(atPath: world.folder + "/sounds", withIntermediateDirectories: true)
    for item in 0..<Miniature.count {
      var settings = MediaWriter.Sound(rate: 16_000)
      settings.codec = "libvorbis"
      let writer = try MediaWriter("\(world.folder)/sounds/red-tone-\(item).ogg", video: nil, sound: settings)
      let step = 2 * Double.pi * (150 + 60 * Double(item)) / 16_000
      try writer.append(samples: (0..<8000).map { Float(0.5 * sin(step * Double($0))) })
      try writer.finish()
    }
    let path = "\(world.folder)/sounds.yaml"
    let towers = try String(contentsOfFile: experiment(.towers), encoding: .utf8)
      .replacing("items.csv", with: "sounding.csv").replacing("tiny-towers", with: "tiny-sounds")
      .replacing("  model: {", with: "  audio: {encoder: log-mel, parameters: {n_mels: 32}}\n  model: {")
      .replacing("{pair: image-text}", with: "{pair: image-text}, sounds: {pair: text-audio}")
    try AtomicFile.write(towers, to: path)
    return path
  }

  @Test func soundsAreIndexedAskedWithAndTimed() throws {
    defer { world.remove() }
    let (index, deaf) = (world.folder + "/index-sounds", try create(.towers))
    let made = try run(
      "index", "create", index, "--model", soundExperiment(), "--media", world.folder + "/images", "--media",
      world.folder + "/sounds")
    #expect(made.status == 0 && made.output.contains("72 items"), "\(made.output) \(made.errors)")
    let info = try run("index", "info", index)
    #expect(info.output.contains("word2vec + resnet18 + log-mel"), "\(info.output)")
    let sound = world.folder + "/sounds/red-tone-5.ogg"
    let found = try run("search", "--sound", sound, "--index", index, "-k", "2", "--json")
    #expect(try found.status == 0 && ids(found.json).first == "red-tone-5", "\(found.errors)")
    #expect(try scores(found.json)[0] > 0.9999 && scores(found.json)[1] < 0.9999)
    // Mixed with words, and with all weight on them.
    let words = try run("search", "red", "--sound", sound, "--weight", "1", "0", "--index", index, "--json")
    #expect(try words.status == 0 && scores(words.json) == scores(run("search", "red", "--index", index, "--json").json))
    let refused = try run("search", "--sound", sound, "--index", deaf)
    #expect(refused.status == 64 && refused.errors.contains("no sound side"), "\(refused.errors)")
    #expect(try run("search", "--sound", world.folder + "/items.csv", "--index", index).status == 65)

    #expect(try run("index", "add", index, twoShots(), "--seconds", "0").status == 64)
    let added = try run("index", "add", index, twoShots(), "--shots")
    #expect(added.output.contains("2 added, 74 items"), "\(added.output) \(added.errors)")

    func timed(_ index: String) throws -> (kinds: [String], json: [String: Any]) {
      let bench = try run("index", "bench", "--end-to-end", index, "--queries", "4", "--json")
      #expect(bench.status == 0, "\(bench.errors)")
      let json = try bench.json
      return ((json["timings"] as? [[String: Any]] ?? []).compactMap { $0["kind"] as? String }, json)
    }
    let all = try timed(index)
    #expect(all.kinds == ["text", "picture", "clip", "sound"] && all.json["items"] as? Int == 74, "\(all.json)")
    for timing in all.json["timings"] as? [[String: Any]] ?? [] {
      let part = timing["total"] as? [String: Double] ?? [:]
      #expect((part["p50"] ?? 0) > 0 && (part["p99"] ?? 0) >= (part["p50"] ?? 1), "\(timing)")
      #expect(timing["queries"] as? Int == (timing["kind"] as? String == "clip" ? 2 : 4))
    }
    // Its captions are the numbers of the pictures' files.
    let numbers = try timed(deaf)
    #expect(numbers.kinds == ["picture"])
    #expect((numbers.json["notes"] as? [String] ?? []).contains { $0.hasPrefix("no caption has letters") })
    let table = try run("index", "bench", "--end-to-end", deaf, "--queries", "2")
    #expect(table.output.contains("picture") && table.output.contains("no caption has letters"))
    // Without a path it is the default index, which needs its weights.
    let empty = try Program.run(["index", "bench", "--end-to-end"], cache: world.folder + "/empty", in: world.folder)
    #expect(empty.status == 65 && empty.errors.contains("make weights"), "\(empty.errors)")
    #expect(try run("index", "bench").status == 64)
  }

  @Test func badInputIsToldAndTheRestKeepsWorking() throws {
    defer { world.remove() }
    let (index, other) = (try create(.clips), try create(.towers))
    func works() throws -> Bool { try run("search", "a red circle", "--index", index).status == 0 }
    func refused(_ status: Int32, _ words: String, _ arguments: String...) throws {
      let answer = try Program.run(arguments, cache: world.folder + "/cache", in: world.folder)
      #expect(answer.status == status && answer.errors.contains(words), "\(arguments): \(answer.status) \(answer.errors)")
    }
    try refused(64, "has no words", "search", " ?! ", "--index", index)
    try refused(64, "nothing to look for", "search", "--index", index)
    try refused(65, "million pixels", "search", "--image", bomb(), "--index", index)
    try refused(65, "no such file", "search", "--image", "/nowhere.png", "--index", index)
    try refused(65, "no search index", "search", "dog", "--index", world.folder + "/nothing")
    // A second writer, while the first holds the index.
    let lock = open(index + "/writer.lock", O_RDWR | O_CREAT, 0o644)
    #expect(flock(lock, LOCK_EX | LOCK_NB) == 0)
    try refused(65, "another process is changing this index", "index", "add", index, world.folder + "/images/1.svg")
    #expect(try works())
    close(lock)
    // Another index's model; then a model whose weights were changed.
    let names = ["model.json", "model.safetensors"]
    let own = try names.map { try Data(contentsOf: URL(fileURLWithPath: "\(index)/\($0)")) }
    for name in names {
      try Data(contentsOf: URL(fileURLWithPath: "\(other)/\(name)")).write(to: URL(fileURLWithPath: "\(index)/\(name)"))
    }
    try refused(65, "is another encoder", "search", "dog", "--index", index)
    try own[0].write(to: URL(fileURLWithPath: index + "/model.json"))
    try refused(65, "were changed", "search", "dog", "--index", index)
    try own[1].write(to: URL(fileURLWithPath: index + "/model.safetensors"))
    // A damaged index file; media that moved.
    let file = index + "/index-1.ann"
    let whole = try Data(contentsOf: URL(fileURLWithPath: file))
    try whole.dropLast(5).write(to: URL(fileURLWithPath: file))
    try refused(65, file, "search", "dog", "--index", index)
    try whole.write(to: URL(fileURLWithPath: file))
    try FileManager.default.moveItem(atPath: world.folder + "/images", toPath: world.folder + "/moved")
    #expect(try works())
    try refused(65, "no such file", "index", "add", index, world.folder + "/images")
  }

  /// The head of a PNG of 20,000 × 30,000 pixels.
  private func bomb() throws -> String {
    let path = world.folder + "/bomb.png"
    // 1-bit grey: signature, IHDR, an IDAT with nothing in it, IEND.
    let head: [UInt8] = [
      0x89, 0x50, 0x4E, 0x47, 13, 10, 26, 10, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52, 0, 0, 0x4E, 0x20, 0, 0, 0x75, 0x30,
      1, 0, 0, 0, 0,
    ]
    func checksum(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
      var crc: UInt32 = 0xFFFF_FFFF
      for byte in bytes {
        crc ^= UInt32(byte)
        for _ in 0..<8 { crc = crc & 1 == 1 ? 0xEDB8_8320 ^ (crc >> 1) : crc >> 1 }
      }
      return (0..<4).map { UInt8(truncatingIfNeeded: ~crc >> (24 - 8 * $0)) }
    }
    let data: [UInt8] = [0x49, 0x44, 0x41, 0x54, 0x78, 0x9C, 0, 0, 0, 0]
    let end: [UInt8] = [0, 0, 0, 0, 0x49, 0x45, 0x4E, 0x44, 0xAE, 0x42, 0x60, 0x82]
    try AtomicFile.write(Data(head + checksum(head[12...]) + [0, 0, 0, 6] + data + checksum(data[...]) + end), to: path)
    return path
  }

  /// What the server on a port answers, as JSON.
  private func answer(_ target: String, port: String) throws -> [String: Any] {
    let request = "GET \(target) HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\nConnection: close\\r\\n\\r\\n"
    let client = try Program.run(
      ["-c", "exec 3<>/dev/tcp/127.0.0.1/\(port); printf '\(request)' >&3; timeout 60 cat <&3"], program: "/bin/bash")
    let body = client.output.components(separatedBy: "\r\n\r\n").dropFirst().joined()
    return try JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any] ?? [:]
  }

  @Test func theServerAnswersAndWithoutWeightsTheWayOutIsTold() throws {
    defer { world.remove() }
    let index = try create(.clips)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: Program.path)
    process.arguments = ["serve", "--index", index, "--port", "0"]
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    // Threads of the test hold SIGTERM back, and what they start inherits that.
    defer {
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
    }
    var line = Data()
    while !line.contains(10) {
      let more = output.fileHandleForReading.availableData
      if more.isEmpty { break }
      line += more
    }
    let address = String(decoding: line, as: UTF8.self)
    #expect(address.hasPrefix("listening on http://127.0.0.1:"))
    let port = String((address.split(separator: ":").last ?? "").filter(\.isNumber))
    let model = try answer("/api/info", port: port)["model"] as? String
    #expect(model?.contains("A tiny clips model (tiny-clips; trained on manifest)") == true)
    #expect(ids(try answer("/api/search?q=red&k=2", port: port)).count == 2)

    let empty = try Program.run(["search", "dog"], cache: world.folder + "/empty", in: world.folder)
    #expect(empty.status == 65 && empty.errors.contains("make weights"), "\(empty.errors)")
  }
}
