import Basics
import Datasets
import Foundation
import Testing

/// The shipped `experiments/clipko2022.yaml` (clipko2022, table 2), end to end on a miniature of its data and weights in
/// their real layouts (weights: scripts/golden/clipko.py), shrunk by `--set`.
@Suite(.serialized) struct ClipkoTests {
  private let folder = Program.scratch("clipko")
  private static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().path
  private static let colours: [(word: String, korean: String, rgb: [UInt8])] = [
    ("red", "빨간", [240, 20, 20]), ("blue", "파란", [20, 20, 240]), ("green", "초록", [20, 220, 20]),
  ]

  init() throws {
    for name in ["korean/films", "msrvtt/videos", "cache"] {
      try FileManager.default.createDirectory(atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
    }
    try FileManager.default.copyItem(
      atPath: Self.repository + "/Tests/CommandTests/Golden/clipko", toPath: folder + "/cache/weights")
    try koreanClips()
    try webClips()
  }

  /// A film of parts of two seconds, each of one colour that grows darker, at four frames a second.
  /// - Parameter mark: a place of a white dot, so that no two films are the same file.
  private func film(_ path: String, parts: [Int], mark: Int) throws {
    var video = MediaWriter.Video(width: 32, height: 32, ticksPerSecond: 4)
    video.codec = "mpeg4"
    let writer = try MediaWriter("\(folder)/\(path)", video: video)
    for (part, colour) in parts.enumerated() {
      for frame in 0..<8 {
        let pixel = Self.colours[colour % 3].rgb.map { UInt8(Int($0) - Int($0) / 12 * (frame / 2) - 6 * (colour / 3)) }
        let picture = RGBImage(
          width: 32, height: 32, pixels: (0..<32 * 32).flatMap { $0 == mark % 1024 ? [255, 255, 255] : pixel })
        try writer.append(picture, at: 8 * part + frame)
      }
    }
    try writer.finish()
  }

  /// Five films of six clips; the list says on which side a film stands.
  private func koreanClips() throws {
    var clips = ["id,film,start,end,sentence"]
    for film in 0..<5 {
      try self.film("korean/films/F\(film).mp4", parts: Array(0..<6), mark: film)
      for clip in 0..<6 {
        let sentence = "\(Self.colours[clip % 3].korean) \(["원", "별"][clip / 3])이 움직인다"
        clips.append("c\(film)-\(clip),F\(film),0:00:\(2 * clip),0:00:\(2 * clip + 2),\(sentence)")
      }
    }
    try AtomicFile.write(clips.joined(separator: "\n") + "\n", to: folder + "/korean/clips.csv")
    let sides = ["train", "train", "train", "validation", "test"].enumerated().map { "F\($0),\($1)\n" }
    try AtomicFile.write("film,split\n" + sides.joined(), to: folder + "/korean/split.csv")
  }

  /// Annotations, lists and videos of MSR-VTT 1k-A: twelve clips to train on, six to test, two sentences each.
  private func webClips() throws {
    let ids = (0..<12).map { $0 } + (7020..<7026)
    func sentence(_ id: Int, _ number: Int) -> String {
      "a \(Self.colours[id % 3].word) \(["circle", "star"][id / 3 % 2]) moves \(["fast", "slowly"][number])"
    }
    let videos = ids.map { "{\"category\": \($0 % 20), \"video_id\": \"video\($0)\", \"split\": \"train\", \"id\": \($0)}" }
    let sentences = ids.flatMap { id in
      (0..<2).map { "{\"caption\": \"\(sentence(id, $0))\", \"video_id\": \"video\(id)\", \"sen_id\": \(2 * id + $0)}" }
    }
    try AtomicFile.write(
      "{\"info\": {\"year\": \"2016\"}, \"videos\": [\(videos.joined(separator: ","))], "
        + "\"sentences\": [\(sentences.joined(separator: ","))]}", to: folder + "/msrvtt/MSRVTT_data.json")
    let tests = ids.suffix(6).enumerated().map { "ret\($0),msr\($1),video\($1),\(sentence($1, 0))\n" }
    try AtomicFile.write(
      "key,vid_key,video_id,sentence\n" + tests.joined(), to: folder + "/msrvtt/MSRVTT_JSFUSION_test.csv")
    try AtomicFile.write(
      "video_id\n" + ids.prefix(12).map { "video\($0)\n" }.joined(), to: folder + "/msrvtt/MSRVTT_train.9k.csv")
    for id in ids { try film("msrvtt/videos/video\(id).mp4", parts: [id % 6], mark: id) }
  }

  private func run(_ command: String, _ settings: [String] = [], only: String? = nil) throws -> Program {
    let common = [
      "image.parameters.frames=3", "training.epochs=1", "training.batchSize=6", "training.recipe.microBatch=4",
      "training.learningRate=0.001", "training.threads=1", "training.workers=0",
      "sweep.table2.rows.Korean.dataset.root=\(folder)/korean",
    ] + ["table2.rows.English", "heads.columns.MSR-VTT"].flatMap {
      [
        "sweep.\($0).dataset.root=\(folder)/msrvtt", "sweep.\($0).dataset.options.holdOut=3",
        "sweep.\($0).dataset.options.acceptOtherData=true",
      ]
    }
    return try Program.run(
      [command, "experiments/clipko2022.yaml", "--results", folder + "/results"] + (only.map { ["--only", $0] } ?? [])
        + (common + settings).flatMap { ["--set", $0] }, cache: folder + "/cache", in: Self.repository)
  }

  private func cells() throws -> [[String: Any]] {
    let path = folder + "/results/clipko2022/cells"
    return try FileManager.default.contentsOfDirectory(atPath: path).map { id in
      let data = try Data(contentsOf: URL(fileURLWithPath: "\(path)/\(id)/result.json"))
      return try JSONSerialization.jsonObject(with: data) as? [String: Any] ?? [:]
    }
  }

  @Test func tableAndHeadsRunOnAMiniature() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let first = try run("run")
    #expect(first.status == 0, "\(first.errors)")
    #expect(first.errors.contains("7 cell(s) computed, 0 from the cache, 0 without numbers"), "\(first.errors)")
    let cells = try cells()
    #expect(cells.count == 7)
    for cell in cells {
      #expect(cell["status"] as? String == "ok" && cell["queries"] as? Int == 6 && cell["gallery"] as? Int == 6)
      let metrics = cell["metrics"] as? [String: [Double]] ?? [:]
      // Six clips: the median rank lies between 1 and 6, and ten places hold all of them.
      #expect(metrics["R@10"] == [100] && metrics["v2t-grouped R@10"] == [100], "\(metrics)")
      #expect(metrics["MedR"].map { (1...6).contains($0[0]) } == true)
    }
    let tables = folder + "/results/clipko2022/tables"
    let table = try String(contentsOfFile: tables + "/table2.csv", encoding: .utf8)
    // The published rows stand beside ours.
    for value in ["29.2", "59.6", "44.5", "Korean", "English"] { #expect(table.contains(value), "\(table)") }
    let heads = try String(contentsOfFile: tables + "/heads.csv", encoding: .utf8)
    for row in ["meanP", "seqLSTM", "seqTransf", "tight", "recipe as published"] { #expect(heads.contains(row)) }
    let again = try run("run")
    #expect(again.errors.contains("0 cell(s) computed, 7 from the cache"), "\(again.errors)")

    // The same weights as transformers saves them give the same numbers.
    func meanP() throws -> [[String: [Double]]] {
      try self.cells().filter { $0["row"] as? String == "meanP" }.compactMap { $0["metrics"] as? [String: [Double]] }
    }
    let before = try meanP()
    let other = try run(
      "run", ["sweep.heads.rows.meanP.image={weights: \(folder)/cache/weights/huggingface/model.safetensors}"],
      only: "heads / meanP")
    #expect(other.errors.contains("1 cell(s) computed"), "\(other.errors)")
    let after = try meanP()
    #expect(before.count == 1 && after.count >= 1 && after.allSatisfy { $0 == before[0] }, "\(before) \(after)")
  }

  @Test func missingFilesAreNamedOnce() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try FileManager.default.removeItem(atPath: folder + "/cache/weights/clip/ViT-B-32.pt")
    let plan = try run("plan")
    #expect(plan.status == 0 && plan.output.contains("7 missing"), "\(plan.output)")
    #expect(plan.output.components(separatedBy: "weights/clip/ViT-B-32.pt").count == 2, "\(plan.output)")
    #expect(plan.output.contains("heads / tight / MSR-VTT: missing"))
    // Not the real one: a vocabulary with more words than the weights know.
    try FileManager.default.copyItem(
      atPath: Self.repository + "/Tests/CommandTests/Golden/clipko/clip/ViT-B-32.pt",
      toPath: folder + "/cache/weights/clip/ViT-B-32.pt")
    try AtomicFile.write(
      "#version: 0.2\n" + ["r e", "re d</w>", "b l", "bl u", "blu e</w>", "g re", "s t"].joined(separator: "\n") + "\n",
      to: folder + "/cache/weights/clip/merges.txt")
    let refused = try run("run", only: "heads / meanP")
    #expect(refused.status == 65 && refused.errors.contains("has 521 ids, the weights know 520"), "\(refused.errors)")
  }
}
