import Basics
import Foundation
import Harness
import Models
import Testing

@Suite struct ConfigTests {
  private func experiment(_ text: String, overrides: [String] = []) throws -> Experiment {
    let path = NSTemporaryDirectory() + "ieum-config-\(UUID().uuidString).yaml"
    try AtomicFile.write(text, to: path)
    defer { unlink(path) }
    return try Experiment.load(path, overrides: overrides)
  }

  private let base = """
    experiment: e
    base:
      dataset: {name: stamps}
      text: {encoder: bert, weights: minilm}
      image: {encoder: resnet18}
      model: {name: text-image, parameters: {preset: small}}
      loss: {name: swish-triplet, mining: random}
    """

  /// A row of half2020 is a frame and the sound around it: both lie at the centres of equal stretches of a clip.
  @Test func half2020CentresItsSoundsOnItsFrames() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().path
    for cell in try Experiment.load("\(root)/experiments/half2020.yaml").cells {
      let towers = try #require(cell.config.towers)
      let (image, audio) = (try #require(towers.towers[.image]), try #require(towers.towers[.audio]))
      #expect(image.parameters["sampling"]?.description == "uniform")
      #expect(image.parameters["frames"]?.description == "10" && audio.parameters["windows"]?.description == "10")
    }
  }

  @Test func aGridIsRowsTimesColumnsTimesAxes() throws {
    let text = base + """

      sweep:
        - table: t
          rows: {A: {image: {encoder: resnet18}}, B: {image: {encoder: resnet34}}}
          columns: {X: {seeds: [1]}, Y: {seeds: [2, 3]}, Z: {}}
          axes: {training.epochs: [1, 2]}
      """.replacingOccurrences(of: "\n  ", with: "\n").replacingOccurrences(of: "  sweep", with: "sweep")
    let cells = try experiment(text).cells
    #expect(cells.count == 12)
    #expect(Set(cells.map(\.id)).count == 12)
    #expect(cells.filter { $0.column == "Y" }.allSatisfy { $0.config.seeds == [2, 3] })
    #expect(Set(cells.map(\.config.training.epochs)) == [1, 2])
  }

  @Test func filesThatMeanMoreThanTheyHoldAreRefused() throws {
    let doubling = (1...30).map { "a\($0): &a\($0) [*a\($0 - 1), *a\($0 - 1)]" }
    let nested = String(repeating: "[", count: 200) + String(repeating: "]", count: 200)
    let axes = (1...8).map { "a\($0): [1, 2, 3, 4, 5, 6, 7, 8]" }.joined(separator: ", ")
    let cases = [
      ("a0: &a0 x\n" + doubling.joined(separator: "\n"), "aliases"), ("x: \(nested)", "levels deep"),
      ("experiment: e\nsweep:\n  - {table: t, axes: {\(axes)}}\n", "more than 100000 cells"),
    ]
    for (text, problem) in cases {
      let error = #expect(throws: IeumError.self) { try self.experiment(text) }
      #expect(error?.description.contains(problem) == true, "\(error?.description ?? "")")
    }
    #expect(try ConfigTree.parse("a: &x 1\nb: *x\ntitle: 2 * 3 & more", file: "f")["b"]?.canonical == "\"1\"")
  }

  @Test func anUnknownFigureIsRefusedBeforeAnythingIsComputed() throws {
    for figure in ["fig91", "{name: fig91}"] {
      let error = #expect(throws: IeumError.self) {
        try self.experiment(base + "\nreport:\n  figures: [\(figure)]\n").reportSpec()
      }
      #expect(error?.exitCode == 64)
      #expect(error?.description.contains("fig91") == true && error?.description.contains("fig31") == true)
    }
  }

  @Test func everyMistakeIsToldAtOnceWithItsLine() throws {
    let text = base + "\n  trainning: {epochs: 3}\n  training: {epochs: many, patience: 0}\n"
    let error = #expect(throws: IeumError.self) { try self.experiment(text) }
    #expect(error?.exitCode == 64)
    let message = try #require(error?.description)
    #expect(message.contains("'trainning'") && message.contains("'training'"))
    #expect(message.contains("'training.epochs' must be a whole number"))
    #expect(message.contains("'training.patience' is 0"))
    #expect(message.contains(":9"))
  }

  @Test func overridesReachTheCellAndChangeItsId() throws {
    let plain = try experiment(base).cells[0]
    let changed = try experiment(base, overrides: ["training.learningRate=0.5"]).cells[0]
    #expect(changed.config.training.learningRate == 0.5)
    #expect(plain.id != changed.id)
    #expect(throws: IeumError.self) { try self.experiment(self.base, overrides: ["nonsense"]) }
  }

  @Test func orderOfKeysDoesNotChangeTheId() throws {
    let swapped = base.replacingOccurrences(
      of: "loss: {name: swish-triplet, mining: random}", with: "loss: {mining: random, name: swish-triplet}")
    #expect(try experiment(base).cells[0].id == experiment(swapped).cells[0].id)
  }

  @Test func aSectionThatNamesAnotherThingStartsAfresh() throws {
    let text = base + "\nsweep:\n- table: t\n  rows: {U: {model: {name: untrained}}, P: {}}\n"
    let cells = try experiment(text).cells
    #expect(cells[0].config.model.parameters.isEmpty)
    #expect(cells[1].config.model.parameters["preset"] == .string("small"))
  }

  @Test func brokenFilesAreRefused() throws {
    #expect(throws: IeumError.self) { try Experiment.load("/nowhere/e.yaml") }
    #expect(throws: IeumError.self) { try self.experiment("a: [1") }
    #expect(throws: IeumError.self) { try self.experiment("") }
  }

  @Test(arguments: ["quickstart", "quickstart-ko", "hong2022-encoders", "hong2022-losses"])
  func shippedExperimentsAreValid(name: String) throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().path
    let experiment = try Experiment.load("\(root)/experiments/\(name).yaml")
    #expect(!experiment.cells.isEmpty)
    #expect(!(try experiment.reportSpec()).tables.isEmpty)
  }
}
