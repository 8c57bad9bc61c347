import Basics
import Foundation
import Testing

/// Whole runs: verified, searched within a budget, checked for leaks, failed for good, out of disk.
@Suite(.serialized) struct TrustTests {
  private let mini: Miniature

  init() throws { mini = try Miniature() }

  private func results(_ name: String) -> String { "\(mini.folder)/results-\(name)/mini" }

  private func run(_ name: String, _ more: [String]) throws -> Program {
    try Program.run(
      ["run", mini.experiment, "--results", "\(mini.folder)/results-\(name)"] + more, cache: "\(mini.folder)/cache-\(name)")
  }

  private func verify(_ name: String) throws -> Program {
    try Program.run(["verify", results(name)], cache: "\(mini.folder)/cache-\(name)")
  }

  private func cells(_ name: String) throws -> [String: [String: Any]] {
    let folder = results(name) + "/cells"
    var cells: [String: [String: Any]] = [:]
    for id in try FileManager.default.contentsOfDirectory(atPath: folder) {
      let data = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(id)/result.json"))
      let json = try JSONSerialization.jsonObject(with: data) as? [String: Any] ?? [:]
      cells[json["row"] as? String ?? id] = json
    }
    return cells
  }

  @Test func verifySaysWhatNoLongerAgrees() throws {
    defer { mini.remove() }
    // A metric in which no two methods agree by chance, as saturated ones do.
    let baseline = "report.tables=[{name: losses, from: losses, metric: mAP, baseline: {row: VSE}}]"
    #expect(try mini.run("--set", baseline, "--set", "evaluation.metrics=[cappedR@10, mAP]", name: "v").status == 0)
    let sound = try verify("v")
    #expect(sound.status == 0, "\(sound.output)")
    #expect(sound.output.contains("3 cells: 3 without a difference") && !sound.output.contains("not checked"))
    let contents = try cells("v")
    #expect(contents.values.allSatisfy { ($0["ci95"] as? [String: [Double]])?["mAP"]?.count == 2 })
    #expect(contents.values.allSatisfy { ($0["ceiling"] as? [String: Double])?["cappedR@10"] == 100 })

    // A number that was touched up.
    let id = try #require(contents["contrastive"]?["id"] as? String)
    let path = "\(results("v"))/cells/\(id)/result.json"
    let text = try String(contentsOfFile: path, encoding: .utf8)
    let value = try #require((contents["contrastive"]?["metrics"] as? [String: [Double]])?["mAP"]?.first)
    // JSON writes whole numbers without a fraction.
    let shown = value == value.rounded() ? "\(Int(value))" : "\(value)"
    try AtomicFile.write(text.replacing(shown, with: "\(value - 1)"), to: path)
    let touched = try verify("v")
    #expect(touched.status == 65 && touched.output.contains("\(id): DIFFERS"), "\(touched.output)")
    #expect(touched.output.contains("differs: mAP: recorded") && touched.output.contains("1 that no longer agree"))
    try AtomicFile.write(text, to: path)

    // Data that are others now.
    let table = try String(contentsOfFile: mini.folder + "/items.csv", encoding: .utf8)
    try mini.write(table.replacing("number 3,", with: "number three,"), "items.csv")
    let changed = try verify("v")
    #expect(changed.status == 65 && changed.output.contains("differs: dataset: recorded"), "\(changed.output)")
    try mini.write(table, "items.csv")

    // Ranks of another cell, and tests that do not follow from them.
    let other = try #require(contents["swish-triplet"]?["id"] as? String)
    let ranks = "\(results("v"))/cells/\(id)/ranks.h5"
    try FileManager.default.removeItem(atPath: ranks)
    try FileManager.default.copyItem(atPath: "\(results("v"))/cells/\(other)/ranks.h5", toPath: ranks)
    let swapped = try verify("v")
    #expect(swapped.status == 65 && swapped.output.contains("differs: ranks.h5"))
    #expect(swapped.output.contains("comparisons: table losses, \(id): the test against"), "\(swapped.output)")
    try FileManager.default.removeItem(atPath: ranks)
    #expect(try verify("v").output.contains("the ranks cannot be read"))
    #expect(try Program("verify", mini.folder).status == 65)
  }

  /// What the cache alone knows: how often the test split was read, which epochs were kept.
  @Test func verifyComparesWithTheCache() throws {
    defer { mini.remove() }
    #expect(try run("c", ["--only", "VSE", "--set", "seeds=[1]", "--set", "training.epochs=2"]).status == 0)
    let sound = try verify("c")
    #expect(sound.status == 0, "\(sound.output)")
    #expect(
      sound.output.contains("3 cells: 1 without a difference, 0 that no longer agree, 2 that could not be verified"),
      "\(sound.output)")
    let id = try #require(try cells("c")["VSE"]?["id"] as? String)
    let (path, index) = ("\(results("c"))/cells/\(id)/result.json", "\(results("c"))/sweep.json")
    let text = try String(contentsOfFile: path, encoding: .utf8)
    let record = try String(contentsOfFile: index, encoding: .utf8)
    let digest = try Digest.ofFile(path)
    let epoch = try #require((try cells("c")["VSE"]?["selectedEpochs"] as? [Int])?.first)
    for (old, new, difference) in [
      ("\"testReads\" : 1", "\"testReads\" : 5", "readings of the test split: recorded 5, now 1"),
      ("\"testReads\" : 1", "\"testReads\" : 0", "readings of the test split: recorded 0, now 1"),
      (
        "\"selectedEpochs\" : [\n    \(epoch)", "\"selectedEpochs\" : [\n    9",
        "epoch kept by seed 1: recorded 9, now \(epoch)"
      ),
    ] {
      #expect(text.contains(old))
      try AtomicFile.write(text.replacing(old, with: new), to: path)
      #expect(try verify("c").output.contains("differs: result.json: recorded \(digest)"))
      // Even where the seal was broken and made anew.
      try AtomicFile.write(record.replacing(digest, with: try Digest.ofFile(path)), to: index)
      let edited = try verify("c")
      #expect(edited.status == 65 && edited.output.contains("differs: \(difference)"), "\(edited.output)")
      #expect(!edited.output.contains("differs: result.json"))
      try AtomicFile.write(record, to: index)
    }
  }

  @Test func aSearchSpendsItsBudgetOnValidationAlone() throws {
    defer { mini.remove() }
    let budget = ["--set", "budget={trials: 3, epochs: 2}"]
    func searched(_ name: String, _ more: [String] = []) throws -> Program {
      try Program.run(
        ["run", mini.experiment, "--results", "\(mini.folder)/results-\(name)"] + budget + [
          "--set",
          "search={ranges: {training.learningRate: {from: 0.001, to: 0.05, scale: log}, loss.parameters.margin: [0.1, 0.5]}}",
          "--set", "sweep.losses.rows.untrained={model: {name: untrained, parameters: {}}}",
        ] + more, cache: "\(mini.folder)/cache-s")
    }
    let run = try searched("s")
    #expect(run.status == 0, "\(run.errors)")
    let contents = try cells("s")
    for row in ["swish-triplet", "contrastive", "VSE"] {
      let cell = try #require(contents[row])
      let search = try #require(cell["search"] as? [String: Any])
      let tried = try #require(search["tried"] as? [[String: Any]])
      #expect(tried.count == 3 && search["trials"] as? Int == 3 && search["epochs"] as? Int == 2)
      let values = tried.map { $0["value"] as? Double ?? -1 }
      let chosen = try #require(search["chosen"] as? Int)
      #expect(values.firstIndex(of: values.max() ?? 0) == chosen)
      let settings = try #require(tried[chosen]["settings"] as? [String: String])
      let config = try #require(cell["config"] as? [String: String])
      #expect(settings.allSatisfy { config[$0.key] == $0.value } && config["training.epochs"] == "2")
      #expect(config["evaluation.split"] == nil && cell["testReads"] as? Int == 1)
      // A loss without a margin has the same number of trials over what it has.
      #expect((settings["loss.parameters.margin"] == nil) == (row == "swish-triplet"))
    }
    // Methods that share a range try the same values.
    func rates(_ row: String) -> [String] {
      let tried = (contents[row]?["search"] as? [String: Any])?["tried"] as? [[String: Any]] ?? []
      return tried.compactMap { ($0["settings"] as? [String: String])?["training.learningRate"] }
    }
    #expect(Set(rates("VSE")).count == 3 && rates("VSE") == rates("swish-triplet"))
    #expect(contents["untrained"]?["search"] == nil)
    let table = try String(contentsOfFile: results("s") + "/tables/losses.md", encoding: .utf8)
    #expect(table.contains("Budget: 3 trials of 2 epochs for every method (nothing to search: untrained), random search over"))
    #expect(table.contains("chosen by cappedR@1 on the validation split. Settings evaluated on the test split: one per cell."))
    #expect(try searched("s").errors.contains("0 cell(s) computed, 4 from the cache"))
    // Another choice evaluated on the test split is counted.
    #expect(try searched("s", ["--set", "search.seed=5"]).status == 0)
    let reads = try cells("s").mapValues { $0["testReads"] as? Int }
    #expect(reads["VSE"] == 2 && reads["untrained"] == 1, "\(reads)")
    let grid = try searched("g", ["--set", "search.method=grid"])
    #expect(grid.status == 64 && grid.errors.contains("points, but every method has 3 trials"), "\(grid.errors)")
  }

  @Test func aBaselineThatLearnsNothingIsSearchedOverItsOwn() throws {
    defer { mini.remove() }
    let rows = "sweep.losses.rows={knn: {model: {name: knn-pca}}, untrained: {model: {name: untrained}}}"
    let run = try run(
      "k", ["--set", rows, "--set", "budget={trials: 3, epochs: 2}", "--set",
        "search={method: grid, ranges: {model.parameters.k: [1, 4, 9]}}"])
    #expect(run.status == 0, "\(run.errors)")
    let contents = try cells("k")
    let search = try #require(contents["knn"]?["search"] as? [String: Any])
    let tried = try #require(search["tried"] as? [[String: Any]])
    #expect(tried.compactMap { ($0["settings"] as? [String: String])?["model.parameters.k"] } == ["1", "4", "9"])
    let chosen = try #require(search["chosen"] as? Int)
    #expect((contents["knn"]?["config"] as? [String: String])?["model.parameters.k"] == ["1", "4", "9"][chosen])
    #expect(contents["untrained"]?["search"] == nil && contents["untrained"]?["status"] as? String == "ok")
  }

  @Test func aPlantedLeakIsNamedInTheReport() throws {
    defer { mini.remove() }
    let table = try String(contentsOfFile: mini.folder + "/items.csv", encoding: .utf8)
    // The text of a training item on a test item.
    try mini.write(table.replacing("A black circle number 9", with: "\"a RED circle, number 0.\""), "items.csv")
    let refused = try mini.run("--set", "leaks.action=refuse", name: "l")
    #expect(refused.status == 65 && refused.errors.contains("i0 and i9 (caption)"), "\(refused.errors)")
    let warned = try mini.run(name: "l")
    #expect(warned.status == 0 && warned.errors.contains("by caption"))
    #expect(try String(contentsOfFile: results("l") + "/tables/losses.md", encoding: .utf8).contains("Shared between splits"))
    #expect(try String(contentsOfFile: results("l") + "/index.html", encoding: .utf8).contains("caption: i0 (train) and i9 (test)"))
  }

  @Test func aFailedCellIsTriedAgainOnlyWhenAsked() throws {
    defer { mini.remove() }
    // Every item a class of its own: nothing to learn from.
    let table = try String(contentsOfFile: mini.folder + "/items.csv", encoding: .utf8)
    let lines = table.split(separator: "\n").enumerated().map { (index: Int, line: Substring) -> String in
      let text = String(line)
      if index == 0 { return text }
      let shape = ["circle", "square", "star"][(index - 1) % 3]
      return text.replacing("," + shape + ",", with: ",label\(index),")
    }
    try mini.write(lines.joined(separator: "\n") + "\n", "lonely.csv")
    let lonely = "sweep.losses.rows.lonely={dataset: {name: manifest, root: \(mini.folder)/lonely.csv}}"
    let first = try mini.run("--set", lonely, name: "f")
    #expect(first.status == 1 && first.errors.contains("3 cell(s) computed") && first.errors.contains("relevant partner"))
    let again = try mini.run("--set", lonely, name: "f")
    #expect(again.errors.contains("relevant partner") && !again.errors.contains("training 1 cell(s)"), "\(again.errors)")
    let asked = try mini.run("--set", lonely, "--retry-failed", name: "f")
    #expect(asked.errors.contains("training 1 cell(s)"), "\(asked.errors)")
    // Other settings are another try.
    #expect(try mini.run("--set", lonely, "--set", "training.epochs=5", name: "f").errors.contains("training 4 cell(s)"))
  }

  @Test func aCacheThatCannotBeWrittenEndsClearlyAndIsResumed() throws {
    defer { mini.remove() }
    let refused = try Program.run(
      ["run", mini.experiment, "--results", mini.folder + "/results-w"], cache: "/proc/nowhere")
    #expect(refused.status == 1 && refused.errors.contains("/proc/nowhere"), "\(refused.errors)")
    // A limit on the size of files stands for a full disk: features fit, the ranks and checkpoints do not.
    let shell = Program.scratch("limited.sh")
    defer { unlink(shell) }
    try AtomicFile.write("#!/bin/bash\nulimit -f 40\nexec \"\(Program.path)\" \"$@\"\n", to: shell)
    chmod(shell, 0o755)
    let full = try Program.run(
      ["run", mini.experiment, "--results", mini.folder + "/results-w"], program: shell, cache: mini.folder + "/cache-w")
    #expect(full.status == 1, "\(full.status) \(full.errors)")
    #expect(full.errors.contains("cannot be written") || full.errors.contains("disk"), "\(full.errors)")
    let resumed = try mini.run(name: "w")
    #expect(resumed.status == 0 && resumed.errors.contains("3 cell(s) computed"), "\(resumed.errors)")
    // Data that are gone are told cell by cell.
    try FileManager.default.removeItem(atPath: mini.folder + "/items.csv")
    let gone = try mini.run(name: "w")
    #expect(gone.status == 65 && gone.errors.contains("items.csv"), "\(gone.errors)")
  }
}
