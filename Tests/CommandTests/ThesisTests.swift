import Basics
import Foundation
import Models
import Tensors
import Testing
import Weights

/// The thesis' own experiments (hong2022, tables 9–11 and figure 31), end to end on a miniature of its film data and
/// shrunk by `--set`; the files are the shipped ones.
@Suite(.serialized) struct ThesisTests {
  private let folder = Program.scratch("films")
  private static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().path

  init() throws {
    try films()
    try weights()
  }

  private func write(_ text: String, _ path: String) throws { try AtomicFile.write(text, to: folder + "/" + path) }

  /// Thirty films in five groups of related ones, two pictures each.
  private func films() throws {
    let ids = Array(0..<30)
    let words = ["바다", "전쟁", "사랑", "우주", "학교"]
    try write("id,title\n" + ids.map { "f\($0),영화 \($0)\n" }.joined(), "data/titles.csv")
    try write("id,plot\n" + ids.map { "f\($0),\"\(words[$0 % 5]) 이야기, 주인공 \($0)\"\n" }.joined(), "data/plots.csv")
    let pairs = ids.flatMap { a in ids.filter { $0 > a && $0 % 5 == a % 5 }.map { "f\(a),f\($0)\n" } }
    try write("id,related_id\n" + pairs.joined(), "data/related.csv")
    for id in ids {
      for picture in 0..<2 {
        // No two films have the same file.
        let drawing = Miniature.picture(id % 5 + 7 * picture) + "<!-- \(id) -->"
        try write(drawing, "data/images/f\(id)/\(picture).svg")
      }
    }
  }

  /// Small weights in the real formats, where `ieum models check` says that they go.
  private func weights() throws {
    let rows = ["바다", "전쟁", "사랑", "우주", "학교", "이야기", "주인공"].enumerated().map { index, word in
      word + " " + (0..<16).map { String(Double((index * 7 + $0 * 3) % 11) / 10) }.joined(separator: " ")
    }
    try write("\(rows.count) 16\n" + rows.joined(separator: "\n") + "\n", "cache/weights/korean-word2vec.bin")
    try TensorRuntime.start()
    let model = Self.repository + "/Tests/DatasetsTests/Golden/text/tiny.model"
    var config = BertConfig()
    (config.hiddenSize, config.layers, config.heads, config.intermediateSize) = (32, 1, 2, 64)
    (config.vocabularySize, config.maxPositions) = (400, 32)
    var generator = SeededGenerator(seed: 3, purpose: "bert")
    let network = try BertNetwork(config, pooling: .cls, generator: &generator)
    let kobert = folder + "/cache/weights/kobert"
    try write(
      """
      {"model_type": "bert", "hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "vocab_size": 400,
       "intermediate_size": 64, "max_position_embeddings": 32, "type_vocab_size": 2}
      """, "cache/weights/kobert/config.json")
    try Safetensors.write(try network.state(), metadata: [:], to: kobert + "/model.safetensors")
    try FileManager.default.copyItem(atPath: model, toPath: kobert + "/spiece.model")
  }

  private func run(_ name: String, _ settings: [String]) throws -> Program {
    let common = [
      "dataset.root=\(folder)/data", "dataset.options.minimumImages=2", "training.epochs=2", "training.batchSize=16",
      "training.learningRate=0.003", "seeds=[1]", "image={encoder: resnet18, weights: random}",
      "model={name: text-image, parameters: {widths: '4,4,4,4,4', kernels: '4,4,4,4,4'}}",
    ]
    return try Program.run(
      ["run", "experiments/\(name).yaml", "--results", folder + "/results"]
        + (common + settings).flatMap { ["--set", $0] }, cache: folder + "/cache", in: Self.repository)
  }

  private func table(_ experiment: String, _ name: String) throws -> String {
    try String(contentsOfFile: "\(folder)/results/\(experiment)/tables/\(name).csv", encoding: .utf8)
  }

  private func cells(_ experiment: String) throws -> [[String: Any]] {
    let path = "\(folder)/results/\(experiment)/cells"
    return try FileManager.default.contentsOfDirectory(atPath: path).map { id in
      let data = try Data(contentsOf: URL(fileURLWithPath: "\(path)/\(id)/result.json"))
      return try JSONSerialization.jsonObject(with: data) as? [String: Any] ?? [:]
    }
  }

  @Test func theEncoderComparisonRuns() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let images = [("ResNet151", "resnet18"), ("InceptionV3", "resnet34"), ("EfficientNet b7", "efficientnet-lite0")]
    let run = try run(
      "hong2022-encoders",
      images.map { "sweep.encoders.rows.\($0).image={encoder: \($1), weights: random}" }
        + ["RNN", "LSTM"].map {
          "sweep.encoders.columns.\($0).text.parameters={embedding: 8, hidden: 32}"
        })
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.errors.contains("12 cell(s) computed, 0 from the cache, 0 without numbers"), "\(run.errors)")
    let cells = try cells("hong2022-encoders")
    #expect(cells.count == 12 && cells.allSatisfy { $0["status"] as? String == "ok" })
    for name in ["table9", "table10", "table11"] {
      let text = try table("hong2022-encoders", name)
      #expect(text.contains("KoBERT") && text.contains("EfficientNet b7"))
    }
    #expect(FileManager.default.fileExists(atPath: folder + "/results/hong2022-encoders/figures/fig18.png"))
    #expect(FileManager.default.fileExists(atPath: folder + "/results/hong2022-encoders/index.html"))
  }

  @Test func theMethodsRun() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let run = try run(
      "hong2022-losses",
      [
        "sweep.methods.rows.VSE++.image={encoder: resnet18, weights: random}",
        "sweep.methods.rows.VSE++.text.parameters={embedding: 8, hidden: 32}",
      ])
    #expect(run.status == 0 && run.errors.contains("7 cell(s) computed, 0 from the cache, 0 without numbers"), "\(run.errors)")
    let text = try table("hong2022-losses", "figure31")
    // The published numbers stand beside ours: K-NN's 21.6, the proposed method's 81.9.
    #expect(text.contains("21.6") && text.contains("81.9"))
    #expect(FileManager.default.fileExists(atPath: folder + "/results/hong2022-losses/figures/fig31.svg"))
  }

  @Test func withoutFilesThePlanSaysWhichGoWhere() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let empty = Program.scratch("empty")
    let run = try Program.run(
      ["plan", "experiments/hong2022-encoders.yaml", "--set", "dataset.root=\(folder)/data"], cache: empty,
      in: Self.repository)
    #expect(run.status == 0)
    for file in ["resnet152.weights", "inception-v3.weights", "efficientnet-b7.weights", "kobert/model.safetensors"] {
      #expect(run.output.contains("\(empty)/weights/\(file)"), "\(file)")
    }
    #expect(run.output.contains("12 missing"))
  }
}
