import Basics
import Datasets
import Foundation
import HDF5
import Harness
import Testing

@Suite struct TowersTests {
  /// half2020's three rows on stored features: trained, the sound mixed in, the margin varied.
  @Test func threeRowsOnStoredFeatures() throws {
    let world = try TowersWorld()
    let path = try world.experiment(
      sweep: """
              Ours: {loss: {name: four-term, parameters: {variable: none}}}
              audio:
                loss: {name: four-term, parameters: {variable: none}}
                evaluation: {audioShares: [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6]}
              VM:
                evaluation:
                  audioShares: [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6]
                  directions: [t2v, v2t-flat, i2a, a2i, t2a, a2t]
        """)
    let (results, outcome) = try world.run(path)
    #expect(outcome.computed == 3 && outcome.failed.isEmpty, "\(outcome.failed)")
    for (row, result) in results {
      let recall = try #require(result.metrics["R@5"]?.first)
      #expect(result.chance["R@5"] == 25 && recall > 60, "\(row): \(recall)")
      #expect(result.queries == 20 && result.gallery == 20)
      #expect((0...1).contains(result.chosen["waitingShare"]?.first ?? -1))
    }
    // The first two rows differ in their evaluation alone: they share a training.
    #expect(world.trainings == 2)
    #expect(results["Ours"]?.chosen["audioShare"] == nil)
    let share = try #require(results["audio"]?.chosen["audioShare"]?.first)
    #expect(share > 0 && share <= 0.6)
    #expect(results["audio"]?.notes.contains { $0.contains(String(format: "%.2f", share)) } == true)
    let vm = try #require(results["VM"])
    // Sound and text meet although no pair of them was trained on; a fifth of the clips is silent.
    #expect((vm.metrics["t2a R@5"]?.first ?? 0) > 50)
    #expect((vm.metrics["i2a R@5"]?.first ?? 0) > 50)
    #expect(vm.metrics["v2t-flat R@1"] != nil && vm.chance["a2i R@5"] == 31.25)
    let ranks = try HDF5File(reading: "\(world.folder)/results/cells/\(vm.id)/ranks-a2t.h5")
    #expect(try ranks.readStrings("query_ids").count == 16)
    let again = try world.run(path)
    #expect(again.outcome.cached == 3 && again.outcome.computed == 0)
  }

  /// One dataset's languages have one digest; what is trained on the one is not what is measured on the other.
  @Test func languagesAreToldApart() throws {
    let world = try TowersWorld()
    let english = "{name: manifest, root: \(world.folder)/data.csv}"
    let path = try world.experiment(
      sweep: """
              English: {}
              Korean:
                dataset: {name: manifest, root: \(world.folder)/data.csv, language: ko}
                sources:
                  captions: {pair: image-text, dataset: \(english)}
                  sounds: {pair: image-audio, dataset: \(english)}
                validation: \(english)
        """)
    let (results, _) = try world.run(path)
    #expect((results["English"]?.metrics["R@5"]?.first ?? 0) > 60)
    #expect((results["Korean"]?.metrics["R@5"]?.first ?? 100) < 40)
  }

  /// bf16 and f32 agree within what seeds differ by, on frames pooled by attention and captions as stored vectors.
  @Test func otherWaysToTrain() throws {
    let world = try TowersWorld()
    let path = try world.experiment(
      sweep: """
              bf16: {training: {precision: bf16}}
              pooled:
                text: {encoder: stored, weights: "\(world.folder)/text.h5"}
                model: {name: dual-encoder, parameters: {pooling: attention, outputDimension: 16, hidden: 32}}
                loss: {name: info-nce, parameters: {learned: true}}
                training: {frames: all, queueSize: 32, workers: 2, clipNorm: 2}
              gru:
                text: {encoder: gru, parameters: {embedding: 16, hidden: 24}}
                loss: {name: mil-nce, parameters: {temperature: 0.1, similarity: cosine}}
                training: {captions: 2}
        """)
    let (results, outcome) = try world.run(path)
    #expect(outcome.failed.isEmpty, "\(outcome.failed)")
    for (row, result) in results {
      #expect((result.metrics["R@5"]?.first ?? 0) > 50, "\(row): \(result.metrics)")
    }
    #expect(results.count == 3)
  }

  /// A listed clip without a vector stays in the gallery, and its text is a miss.
  @Test func missingClipsNeverShrinkTheGallery() throws {
    let world = try TowersWorld(blind: ["i95", "i3"])
    let path = try world.experiment(
      sweep: "      one: {evaluation: {metrics: [R@1, R@19, R@20], directions: [t2v, v2t-grouped]}}")
    let result = try #require(try world.run(path, overrides: ["training.epochs=3"]).results["one"])
    #expect(result.queries == 20 && result.gallery == 20 && result.skippedItems == 1)
    #expect(result.metrics["R@19"] == [95] && result.metrics["R@20"] == [100])
    #expect(result.metrics["v2t-grouped R@20"] == [100])
    // Chance ranks the nineteen that are there, and misses with the one that is not.
    for (metric, chance) in ["R@1": 5.0, "R@19": 95, "R@20": 100] {
      #expect(abs((result.chance[metric] ?? 0) - chance) < 1e-9, "\(metric): \(result.chance)")
    }
    let findings = try Verification(world.folder + "/results").cells.flatMap(\.differs)
    #expect(findings.isEmpty, "\(findings)")
    let ranks = try HDF5File(reading: "\(world.folder)/results/cells/\(result.id)/ranks.h5")
    #expect(try ranks.readStrings("query_ids").last == "i95#0")
    #expect(try ranks.readFloats("expected").last == 20)
  }

  private func message(_ overrides: [String]) throws -> String {
    let world = try TowersWorld()
    let path = try world.experiment(sweep: "      one: {}")
    do {
      return try world.run(path, overrides: overrides).outcome.failed.map(\.reason).joined(separator: "\n")
    } catch { return "\(error)" }
  }

  @Test func everythingMissingIsToldAtOnce() throws {
    let told = try message([
      "image.weights=/nowhere/image.h5", "audio.weights=/nowhere/audio.h5", "text.weights=/nowhere/words.bin",
    ])
    for file in ["image.h5", "audio.h5", "words.bin"] { #expect(told.contains("/nowhere/\(file)"), "\(told)") }
  }

  @Test func settingsThatDoNotFitAreRefused() throws {
    #expect(try message(["loss.name=triplet"]).contains("sum-hinge"))
    #expect(try message(["model.name=text-image"]).contains("three-tower"))
    #expect(try message(["evaluation.select=R@0"]).contains("R@0"))
    #expect(try message(["evaluation.directions=[t2x]"]).contains("t2v"))
    #expect(try message(["evaluation.protocol=coco1k-5folds"]).contains("did you mean 'coco1k-5fold'"))
    #expect(try message(["evaluation={protocol: coco5k, directions: [a2i]}"]).contains("under the protocol 'coco5k'"))
    #expect(try message(["evaluation.protocol=coco1k-5fold"]).contains("5,000 images"))
    #expect(try message(["training.decayEvry=3"]).contains("decayEvery"))
    #expect(try message(["evaluation.audioShares=[1.5]"]).contains("1.5"))
    #expect(try message(["sources={captions: {pair: image-sound}}"]).contains("image-audio"))
  }
}
