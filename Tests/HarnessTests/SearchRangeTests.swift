import Basics
import Foundation
import Harness
import Testing

/// What may be searched over: nothing that the budget or the comparison fixes, nothing that no method has.
@Suite struct SearchRangeTests {
  private func loaded(_ ranges: String, rows: String = "{a: {}, b: {loss: {name: contrastive}}}") throws -> Experiment {
    let path = NSTemporaryDirectory() + "ieum-ranges-\(UUID().uuidString).yaml"
    defer { unlink(path) }
    try AtomicFile.write(
      """
      experiment: e
      base:
        dataset: {name: stamps}
        text: {encoder: lstm}
        image: {encoder: resnet18}
      budget: {trials: 3, epochs: 2}
      search: {ranges: {\(ranges)}}
      sweep: [{table: t, rows: \(rows)}]
      """, to: path)
    return try Experiment.load(path)
  }

  private func refusal(_ ranges: String, rows: String? = nil) -> String {
    do {
      _ = try rows.map { try loaded(ranges, rows: $0) } ?? loaded(ranges)
      return "accepted"
    } catch { return "\((error as? IeumError)?.exitCode ?? 0) \(error)" }
  }

  @Test func theBudgetsEpochsAreNotSearchedOver() {
    for range in ["training.epochs: [7, 8]", "training: [{epochs: 7}, {epochs: 8}]", "training.epochs: {from: 1, to: 9}"] {
      let refused = refusal(range)
      #expect(refused.hasPrefix("64") && refused.contains("sets training.epochs, which budget.epochs sets"), "\(refused)")
    }
    #expect(refusal("training: [{learningRate: 0.1}]") == "accepted")
  }

  @Test func whatAllMethodsShareIsNotSearchedOver() {
    let ranges = [
      "seeds: [[1], [2]]", "evaluation.split: [test]", "evaluation: [{metrics: [R@100]}]", "dataset.name: [stamps, openclipart]",
      "dataset: [{name: stamps}]",
    ]
    for range in ranges {
      let refused = refusal(range)
      #expect(refused.hasPrefix("64") && refused.contains("which all methods have in common"), "\(refused)")
    }
    #expect(refusal("evaluation.similarity: [cosine, dot]") == "accepted")
  }

  @Test func aRangeThatNoCellHasIsNamedWithTheNearest() {
    let misspelt = refusal("loss.parameters.margn: [0.1]")
    #expect(misspelt.hasPrefix("64") && misspelt.contains("'search.ranges.loss.parameters.margn' applies to no cell"))
    #expect(misspelt.contains("did you mean 'loss.parameters.margin'?") && misspelt.contains(".yaml:"), "\(misspelt)")
    #expect(refusal("text.parameters.hiden: [8]").contains("did you mean 'text.parameters.hidden'?"))
    #expect(refusal("audio.parameters.n_mels: [8]").contains("applies to no cell"))
    // Every problem at once.
    let both = refusal("loss.parameters.margn: [0.1], model.parameters.k: [3]")
    #expect(both.contains("margn") && both.contains("model.parameters.k"))
    // One cell that has it is enough; `swish-triplet` has no margin.
    #expect(refusal("loss.parameters.margin: [0.1]") == "accepted")
    #expect(refusal("loss.parameters.margin: [0.1]", rows: "{a: {}}").contains("applies to no cell"))
  }

  @Test func methodsThatLearnNothingHaveTheirOwnParametersAlone() {
    let still = "{knn: {model: {name: knn-pca}}, untrained: {model: {name: untrained}}}"
    #expect(refusal("model.parameters.k: [3, 7]", rows: still) == "accepted")
    #expect(refusal("training.learningRate: [0.1]", rows: still).contains("applies to no cell"))
    #expect(refusal("loss.parameters.margin: [0.1]", rows: still).contains("applies to no cell"))
    #expect(refusal("model.parameters.kk: [3]", rows: still).contains("did you mean 'model.parameters.k'?"))
  }

  @Test func settingsComeBackFromTheirRecord() throws {
    let tree = try ConfigTree.parse("{a: {b: {}, c: [1, x], d: text}, e: []}", file: "f")
    #expect(tree.flattened.map { "\($0.path)=\($0.value)" } == ["a.b={}", "a.c=[\"1\",\"x\"]", "a.d=text", "e=[]"])
  }
}
