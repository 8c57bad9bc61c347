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

  /// Cells that differ in what they are evaluated on share one training, where it reads none of that.
  @Test(arguments: [
    ("{encoder: stored, weights: TEXT}", "{dataset: DATA}", "DATA", 1), ("{encoder: word2vec, weights: WORDS}", "{dataset: DATA}", "DATA", 1),
    // Sources or validation that are the evaluated dataset's own, and a network that has rows for the words of all.
    ("{encoder: stored, weights: TEXT}", "{}", "DATA", 2), ("{encoder: stored, weights: TEXT}", "{dataset: DATA}", nil, 2),
    ("{encoder: text-cnn, weights: WORDS, parameters: {length: 4, kernels: \"1\", filters: 24}}", "{dataset: DATA}", "DATA", 2),
  ])
  func languagesShareATraining(text: String, source: String, validation: String?, trainings: Int) throws {
    let world = try TowersWorld()
    func filled(_ setting: String) -> String {
      setting.replacing("DATA", with: "{name: manifest, root: \(world.folder)/data.csv}")
        .replacing("TEXT", with: world.folder + "/text.h5").replacing("WORDS", with: world.folder + "/words.txt")
    }
    let path = try world.experiment(
      sweep: """
              English: {}
              Korean: {dataset: {name: manifest, root: \(world.folder)/data.csv, language: ko}}
        """)
    var yaml = try String(contentsOfFile: path, encoding: .utf8)
    let lines = yaml.split(separator: "\n", omittingEmptySubsequences: false).flatMap { line -> [String] in
      if line.hasPrefix("  text:") { return ["  text: \(filled(text))"] }
      if line.hasPrefix("    captions:") {
        return ["    captions: \(filled(source.replacing("{", with: "{pair: image-text, ")))"]
      }
      if line.hasPrefix("    sounds:") { return [] }
      if line.hasPrefix("  audio:") { return validation.map { ["  validation: \(filled($0))"] } ?? [] }
      return [String(line)]
    }
    yaml = lines.joined(separator: "\n").replacing("three-tower", with: "dual-encoder")
    try AtomicFile.write(yaml, to: path)
    func plan() throws -> Plan { try world.plan(path, overrides: ["training.epochs=3"]) }
    #expect(try plan().trainings == trainings)
    let (results, outcome) = try world.run(path, overrides: ["training.epochs=3"])
    #expect(outcome.computed == 2 && outcome.failed.isEmpty, "\(outcome.failed)")
    #expect(try plan().trainings == 0)
    #expect(world.trainings == trainings)
    let (english, korean) = (try #require(results["English"]), try #require(results["Korean"]))
    #expect((english.training == korean.training) == (trainings == 1))
    // In Korean all say the same, of which word vectors know nothing; stored features are those of the item.
    if trainings == 1, text.contains("word2vec") { #expect(korean.metrics["MedR"] != english.metrics["MedR"]) }
    let again = try world.run(path, overrides: ["training.epochs=3"])
    #expect(again.outcome.cached == 2 && again.outcome.computed == 0)
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

  /// A broken sound is a miss; an item without sound has no part in directions from and to sounds, and both are counted.
  @Test func brokenSoundsAreMissesAndSilentItemsHaveNoPart() throws {
    let world = try TowersWorld(broken: ["i96", "i7"])
    let path = try world.experiment(
      sweep: "      one: {evaluation: {metrics: [R@1, R@16], directions: [t2v, i2a, a2i, t2a, a2t]}}")
    let result = try #require(try world.run(path, overrides: ["training.epochs=3"]).results["one"])
    #expect(result.skipped == [
      "manifest/i96": "the sound is damaged or cut short (it ends)",
      "manifest/i7": "the sound is damaged or cut short (it ends)",
    ])
    #expect(result.skippedItems == 2 && result.queriesWithoutRelevant == 0)
    let counts = Dictionary(result.directions.map { ($0.direction, $0) }, uniquingKeysWith: { $1 })
    #expect(result.directions.map(\.direction) == ["t2v", "i2a", "a2i", "t2a", "a2t"])
    let whole = try #require(counts["t2v"])
    #expect(whole.queries == Completeness(listed: 20, found: 20) && whole.candidates == 20 && whole.withoutSound == 0)
    // Sixteen of twenty have a sound, one of them is broken.
    for (name, broken) in [("i2a", \DirectionCounts.gallery), ("t2a", \.gallery), ("a2i", \.queries), ("a2t", \.queries)] {
      let count = try #require(counts[name])
      #expect(count.withoutSound == 4 && count.candidates == 16 && count.queries.listed == 16)
      #expect(count[keyPath: broken] == Completeness(listed: 16, found: 15, missing: ["i96"]), "\(name)")
      // By chance one of the fifteen that are there, or of the sixteen; what has no vector is a miss.
      let chance = name.hasSuffix("2a") ? 100.0 / 16 : 100.0 * 15 / 256
      #expect(abs((result.chance["\(name) R@1"] ?? 0) - chance) < 1e-9, "\(name): \(result.chance)")
    }
    // The sixteenth place is the one that nothing stands at but the absent.
    #expect(result.metrics["i2a R@16"] == [100] && (result.metrics["i2a R@1"]?.first ?? 100) <= 93.75)
    #expect(result.notes.contains { $0.hasPrefix("i2a, t2a: 16 queries over 16 candidates, 15/16 candidates with a vector") })
    #expect(result.notes.contains { $0.contains("20/20 listed items with a vector") })
    #expect(result.sources["captions"] == Completeness(listed: 70, found: 70))
    #expect(result.sources["sounds"]?.text == "55/70")
    #expect(result.notes.contains { $0.hasPrefix("trained on fewer pairs than are listed: sounds 55/70") }, "\(result.notes)")
    let old = try JSONDecoder().decode(CellResult.self, from: Data(#"{"id": "a", "row": "r", "status": "ok"}"#.utf8))
    #expect(old.directions.isEmpty && old.sources.isEmpty)
  }

  /// Rows that cannot be used, and files that are not there: misses, and told as such.
  @Test func unusableRowsAreMisses() throws {
    let world = try TowersWorld(blind: ["i95"])
    let table = try String(contentsOfFile: world.folder + "/data.csv", encoding: .utf8)
    try AtomicFile.write(table + "none,,,picture.png,test\n", to: world.folder + "/data.csv")
    let path = try world.experiment(sweep: "      one: {evaluation: {metrics: [R@19, R@21], directions: [t2v, v2t-flat]}}")
    let result = try #require(try world.run(path, overrides: ["training.epochs=3"]).results["one"])
    #expect(result.queries == 21 && result.gallery == 21 && result.evaluated?.name == "manifest/given test")
    #expect(abs((result.metrics["R@19"]?.first ?? 0) - 100.0 * 19 / 21) < 1e-9 && result.metrics["R@21"] == [100])
    #expect(result.directions.first?.gallery == Completeness(listed: 21, found: 19, missing: ["i95", "none"]))
    #expect(result.notes.contains { $0.contains("19/21 listed items with a vector, the others misses") }, "\(result.notes)")
    #expect(result.evaluated?.hash == IDList.hash((90..<110).map { "i\($0)" } + ["none"]))
  }

  /// `rsum` is the sum over the two directions that were ranked, whatever is missing.
  @Test func theSumOfRecallsAddsWhatWasRanked() throws {
    let world = try TowersWorld(blind: ["i95"])
    let path = try world.experiment(
      sweep: """
              one: {evaluation: {metrics: [R@1, R@5, R@10, rsum], directions: [t2v, i2a, v2t-flat]}}
              grouped: {evaluation: {metrics: [rsum, R@1, R@5, R@10], directions: [v2t-grouped, t2v]}}
        """)
    let (results, outcome) = try world.run(path, overrides: ["training.epochs=3"])
    #expect(outcome.failed.isEmpty, "\(outcome.failed)")
    for (row, first, second, key) in [("one", "", "v2t-flat ", "rsum"), ("grouped", "t2v ", "", "t2v rsum")] {
      let result = try #require(results[row])
      let parts = try ["R@1", "R@5", "R@10"].flatMap { name in
        try [first, second].map { try #require(result.metrics[$0 + name]?.first) }
      }
      #expect(abs((result.metrics[key]?.first ?? -1) - parts.reduce(0, +)) < 1e-9, "\(row): \(result.metrics)")
      #expect(result.metrics.keys.count { $0.hasSuffix("rsum") } == 1 && result.ci95[key]?.count == 2)
      #expect(result.ceiling[key].map { $0 > 500 && $0 <= 600 } == true, "\(result.ceiling)")
    }
    let differs = try Verification(world.folder + "/results").cells.flatMap(\.differs)
    #expect(differs.isEmpty, "\(differs)")
    let alone = try message(["evaluation={metrics: [rsum], directions: [t2v]}"])
    #expect(alone.contains("rsum") && alone.contains("v2t-flat"), "\(alone)")
  }

  /// A set none of whose files is there is refused before anything is trained, and by a plan.
  @Test func setsWithoutFilesAreRefused() throws {
    let world = try TowersWorld()
    let path = try world.experiment(sweep: "      one: {image: {encoder: resnet18, weights: random}}")
    let plan = try world.plan(path)
    #expect(plan.cells.map(\.state) == ["missing"])
    #expect(plan.text.contains("none of the 70 items of train has its files"), "\(plan.text)")
    #expect(plan.text.contains("none of the 20 items of test has its files"), "\(plan.text)")
    #expect(try world.run(path).outcome.failed.first?.reason.contains("none of the 70 items") == true)
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
