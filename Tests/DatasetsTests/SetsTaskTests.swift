import Basics
import Datasets
import Foundation
import Testing

/// Protocols: who asks, what is ranked, what is relevant.
@Suite struct SetsTaskTests {
  private func dataset(_ captions: [Int], labels: [String?]? = nil, policy: CaptionPolicy = .all) -> Dataset {
    let items = captions.enumerated().map { index, count in
      DatasetItem(
        id: "v\(index)", captions: ["en": (0..<count).map { "caption \($0) of \(index)" }],
        label: labels.flatMap { $0[index] })
    }
    return Dataset(
      name: "toy", language: "en", items: [.test: items], skipped: [], relevance: .relatedIDs, captionPolicy: policy,
      textRelevance: labels == nil ? .ownItem : .label)
  }

  private func rows(_ fold: RetrievalTask.Fold) -> [[Int]] {
    zip(fold.indptr, fold.indptr.dropFirst()).map { Array(fold.indices[$0..<$1]) }
  }

  @Test func severalCaptionsInBothDirections() throws {
    let tasks = try RetrievalProtocol.standard.tasks(of: dataset([2, 1, 3]))
    #expect(tasks.map(\.direction) == ["t2v", "v2t-flat", "v2t-grouped"])
    let (forward, flat, grouped) = (tasks[0].folds[0], tasks[1].folds[0], tasks[2].folds[0])
    #expect(forward.queries.map(\.name) == ["v0#0", "v0#1", "v1#0", "v2#0", "v2#1", "v2#2"])
    #expect(forward.gallery.map(\.name) == ["v0", "v1", "v2"] && rows(forward) == [[0], [0], [1], [2], [2], [2]])
    // A caption that is alone may go by its item's name.
    #expect(forward.queries[2].aliases == ["v1"] && forward.queries[0].aliases.isEmpty)
    #expect(rows(flat) == [[0, 1], [2], [3, 4, 5]] && flat.groups == nil)
    #expect(rows(grouped) == rows(flat) && grouped.groups == [0, 0, 1, 2, 2, 2])
    #expect(tasks.map(\.candidates) == [3, 6, 3])
    #expect(tasks[1].galleryHash == tasks[2].galleryHash && tasks[0].galleryHash != tasks[1].galleryHash)
    #expect(tasks[0].galleryHash == IDList.hash(["v2", "v0", "v1"]) && tasks[0].split == "toy/own test")
  }

  @Test func classNamesAskForAllOfTheirClips() throws {
    let set = dataset([1, 1, 1, 1], labels: ["bark", "meow", "bark", "meow"])
    let forward = try RetrievalProtocol.textToVideo.tasks(of: set)[0].folds[0]
    #expect(forward.queries.map(\.name) == ["bark", "meow"] && rows(forward) == [[0, 2], [1, 3]])
    #expect(forward.queries[1].aliases == ["v1#0", "v1"])
    let backward = try RetrievalProtocol.grouped.tasks(of: set)[0].folds[0]
    #expect(rows(backward) == [[0], [1], [0], [1]] && backward.groups == [0, 1])
  }

  @Test func foldsOfCOCOFollowTheFile() throws {
    let set = dataset([Int](repeating: 5, count: 5_000), policy: .firstFive)
    let whole = try RetrievalProtocol.coco5k.tasks(of: set)
    #expect(whole.map(\.direction) == ["t2i", "i2t"] && whole[0].folds.map(\.queries.count) == [25_000])
    #expect(whole[1].folds[0].gallery.count == 25_000)
    let folds = try RetrievalProtocol.coco1kFolds.tasks(of: set)
    #expect(folds[0].folds.map(\.queries.count) == [Int](repeating: 5_000, count: 5))
    #expect(folds[1].folds.map { $0.queries[0].name } == ["v0", "v1000", "v2000", "v3000", "v4000"])
    #expect(rows(folds[1].folds[4])[999] == [4995, 4996, 4997, 4998, 4999])
    let first = try RetrievalProtocol.coco1kFirst.tasks(of: set)
    #expect(first[0].folds.count == 1 && first[0].candidates == 1_000)
    #expect(first[0].galleryHash != folds[0].galleryHash && folds[0].galleryHash == whole[0].galleryHash)
    #expect(refusal { try RetrievalProtocol.coco5k.tasks(of: dataset([5, 5], policy: .firstFive)) }?.exitCode == 65)
    let all = refusal { try RetrievalProtocol.coco5k.tasks(of: dataset([Int](repeating: 5, count: 5_000))) }
    #expect(all?.problem.contains("five captions") == true)
  }

  @Test func pairsAndNames() throws {
    let tasks = try RetrievalProtocol.pairs.tasks(of: dataset([2, 1]))
    #expect(tasks.map(\.querySide) == [.items, .partners] && tasks.map(\.gallerySide) == [.partners, .items])
    #expect(rows(tasks[0].folds[0]) == [[0], [1]])
    #expect(refusal { try RetrievalProtocol.named("v2t-group") }?.remedy == "did you mean 'v2t-grouped'?")
    #expect(refusal { try RetrievalProtocol.textToVideo.tasks(of: dataset([1]), split: .train) }?.problem.contains("empty") == true)
  }

  @Test func hashesDoNotDependOnOrder() {
    // One prefix and numbers: by number. SHA-256 of "v9\nv10\n".
    #expect(IDList.hash(["v10", "v9"]) == Digest.of("v9\nv10\n"))
    #expect(IDList.hash(["w1", "v9", "v10"]) == Digest.of("v10\nv9\nw1\n"))
    #expect(IDList.hash([String]()) == Digest.of(""))
  }
}
