import Basics
import Foundation
import Testing

/// Whole runs of the program: repeated, changed, misled.
@Suite(.serialized) struct SweepTests {
  private let mini: Miniature

  init() throws { mini = try Miniature() }

  @Test func twoRunsFromEmptyCachesAgreeBitForBit() throws {
    defer { mini.remove() }
    let first = try mini.run(name: "a")
    #expect(first.status == 0, "\(first.errors)")
    #expect(try mini.run(name: "b").status == 0)
    let metrics = try mini.metrics("a")
    #expect(metrics.count == 3)
    #expect(metrics.values.allSatisfy { $0["cappedR@10"]?.count == 2 && $0["MedR"]?.count == 2 })
    #expect(try mini.metrics("b") == metrics)
    // At once again nothing is computed; after one line changed only what depends on it.
    #expect(try mini.run(name: "a").errors.contains("0 cell(s) computed, 3 from the cache"))
    let changed = try mini.run("--set", "sweep.losses.rows.contrastive.loss.parameters={margin: 0.5}", name: "a")
    #expect(changed.errors.contains("1 cell(s) computed, 2 from the cache"), "\(changed.errors)")
    let features = try FileManager.default.contentsOfDirectory(atPath: mini.folder + "/cache-a/features")
    #expect(features.filter { $0.hasSuffix(".h5") }.count == 1)
  }

  /// The plan tells the time by probes before anything ran, by the runs afterwards, and none when all is done.
  @Test func thePlanTellsTheTime() throws {
    defer { mini.remove() }
    let before = try mini.plan(name: "t")
    #expect(before.contains("expected: about ") && before.contains("in part from probes"), "\(before)")
    #expect(before.contains("features ") && before.contains("training and evaluation "), "\(before)")
    #expect(try mini.plan("--no-probes", name: "other").contains("expected: unknown"))
    #expect(try mini.run(name: "t").status == 0)
    #expect(!(try mini.plan(name: "t").contains("expected:")))
    let more = try mini.plan("--set", "base.seeds=[7]", name: "t")
    #expect(more.contains("expected: about ") && !more.contains("probes") && !more.contains("features "), "\(more)")
  }

  @Test func mistakesInSettingsEndTheRunBeforeAnyCell() throws {
    defer { mini.remove() }
    for (setting, name) in [
      ("text.encoder=lstmm", "lstm"), ("loss.name=contrastiv", "contrastive"), ("training.epoch=3", "epochs"),
      ("evaluation.metrics=[R@0]", "R@"), ("model.parameters.dropuot=0", "dropout"),
    ] {
      let run = try mini.run("--set", setting, name: "bad")
      #expect(run.status == 64 && run.errors.contains(name), "\(setting): \(run.errors)")
    }
    #expect(!FileManager.default.fileExists(atPath: mini.folder + "/results-bad"))
  }

  @Test func aBrokenCellDoesNotStopTheOthers() throws {
    defer { mini.remove() }
    let run = try mini.run(
      "--set", "sweep.losses.rows.contrastive.image={encoder: resnet18, weights: /nowhere/weights.pth}", name: "broken")
    #expect(run.status == 0)
    #expect(run.errors.contains("/nowhere/weights.pth") && run.errors.contains("2 cell(s) computed"), "\(run.errors)")
    #expect(try mini.metrics("broken").values.filter { !$0.isEmpty }.count == 2)
  }
}
