import Basics
import Datasets
import Foundation
import Testing

/// The seeds of the fuzz targets are what their readers accept, so that fuzzing begins beyond the first check.
@Suite struct FuzzCorpusTests {
  private static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

  /// The seed under the names by which the dataset asks for it.
  private func items(_ dataset: String, _ seed: String, as names: String..., split: String? = nil) throws -> Int {
    let scratch = try StoreScratch()
    for name in names { try scratch.write(try text("Fuzz/corpus/\(seed)"), name) }
    var options = DatasetOptions(root: scratch.path)
    (options.split, options.acceptOtherData, options.allowLeakage) = (split, true, true)
    let loaded = try DatasetRegistry.named(dataset).load(options)
    return loaded.allItems.count + loaded.skipped.count
  }

  private func text(_ path: String) throws -> String { try String(contentsOfFile: "\(Self.root)/\(path)", encoding: .utf8) }

  @Test func annotationsAndTables() throws {
    for seed in ["official", "annotations"] {
      #expect(try items("msrvtt", "msrvtt/\(seed).json", as: "MSRVTT_data.json", split: "full") == 4)
    }
    #expect(throws: IeumError.self) { try items("msrvtt", "msrvtt/later.json", as: "MSRVTT_data.json", split: "full") }
    #expect(try items("coco", "karpathy/coco.json", as: "dataset_coco.json") == 4)
    #expect(try items("flickr30k", "karpathy/flickr30k.json", as: "dataset_flickr30k.json", split: "f30k-karpathy") == 3)
    #expect(throws: IeumError.self) { try items("coco", "karpathy/captions.json", as: "dataset_coco.json") }
    #expect(try items("vggsound", "vggsound/full.csv", as: "vggsound.csv", split: "vggsound-full") == 2)
    let parts = try items("vggsound", "vggsound/parts.csv", as: "train.csv", "test.csv", split: "vggsound-199176")
    #expect(parts >= 2)
    #expect(try items("korean-clips", "korean-clips/clips.csv", as: "clips.csv") == 4)
    #expect(try items("korean-clips", "korean-clips/split.csv", as: "clips.csv", "split.csv") == 2)
  }

  @Test func emoji() throws {
    let corpus = "\(Self.root)/Fuzz/corpus"
    for name in ["long", "short"] {
      #expect(try EmojiFont(path: "\(corpus)/emoji-font/\(name).ttf").pictures.count == 2)
    }
    let names = try EmojiNames(path: corpus + "/emoji-names/ko.xml").captions
    #expect(names == ["🐀": ["쥐", "동물, 쥐 & 친구"], "🐁": ["생쥐"]])
  }

  @Test func clipVocabularies() throws {
    let corpus = "\(Self.root)/Fuzz/corpus/clip-vocabulary"
    let merges = try ClipTokenizer(file: corpus + "/merges.txt")
    let tokenizer = try ClipTokenizer(file: corpus + "/tokenizer.json")
    #expect(merges.vocabularySize == 520 && tokenizer.vocabularySize == 520)
    #expect(tokenizer.pieces("the dog and") == merges.pieces("the dog and") && merges.pieces("the dog").count == 2)
  }

  /// Every target has seeds, every folder of seeds a target; the handbook names those that read published data.
  @Test func everyFolderHasItsTarget() throws {
    let source = try text("Fuzz/Targets/Targets.swift")
    let targets = source.matches(of: /FuzzTarget\(name: "([^"]+)"/).map { String($0.output.1) }
    let folders = try FileManager.default.contentsOfDirectory(atPath: Self.root + "/Fuzz/corpus")
    #expect(targets.sorted() == folders.sorted())
    let handbook = try text("docs/robustness.md")
    for name in ["msrvtt", "karpathy", "vggsound", "korean-clips", "clip-vocabulary"] {
      #expect(targets.contains(name) && handbook.contains("`\(name)`"))
    }
  }
}
