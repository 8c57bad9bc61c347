import Basics
import Datasets
import Foundation
import Testing

@Suite struct SetsManifestTests {
  let scratch: StoreScratch
  let manifest: any DatasetSpec

  init() throws {
    scratch = try StoreScratch()
    manifest = try DatasetRegistry.named("manifest")
    for name in ["a.png", "b.png", "c.png"] { try scratch.write("x", "pics/\(name)") }
  }

  private func load(_ text: String, _ name: String = "m.csv", language: String? = nil) throws -> Dataset {
    try manifest.load(DatasetOptions(root: scratch.write(text, name), language: language))
  }

  @Test func csvAndJSONGiveTheSame() throws {
    let csv = try load(
      """
      id,text,text_ko,images,label,split
      1,"a cat, sleeping",고양이,pics/a.png;pics/b.png,cat,train
      2,a dog,개,pics/c.png,dog,test
      3,a cat,고양이,pics/a.png,cat,train
      """)
    let json = try load(
      """
      {"id": 1, "text": "a cat, sleeping", "text_ko": "고양이", "images": ["pics/a.png", "pics/b.png"], "label": "cat", "split": "train"}

      {"id": "2", "text": "a dog", "text_ko": "개", "images": "pics/c.png", "label": "dog", "split": "test"}
      {"id": "3", "text": "a cat", "text_ko": "고양이", "images": ["pics/a.png"], "label": "cat", "split": "train", "title": null}
      """, "m.jsonl")
    #expect(csv.digest == json.digest && csv.allItems == json.allItems)
    #expect(csv.items(in: .train)[0].texts == ["en": "a cat, sleeping", "ko": "고양이"])
    #expect(csv.items(in: .train)[0].imagePaths == [scratch.file("pics/a.png"), scratch.file("pics/b.png")])
    #expect(csv.relevance == .sameLabel)
    #expect(csv.retrieval(in: .train).relevantRows == [[1], [0]])
    // A class with one item in a split has nothing to find: said, not hidden.
    #expect(csv.retrieval(in: .test).unanswerableIDs == ["2"])
    #expect(manifest.check(DatasetOptions(root: scratch.file("m.csv"))).unanswerable == ["2"])
  }

  @Test func anItemMayHaveSeveralCaptions() throws {
    let set = try load(
      """
      {"id": "1", "text": ["a cat", "", "a pet"], "text_ko": "고양이", "images": "pics/a.png", "split": "test"}
      {"id": "2", "text_en": ["a dog"], "text": "unused", "images": "pics/b.png", "split": "train"}
      """, "m.jsonl")
    let item = set.items(in: .test)[0]
    #expect(set.captions(of: item) == ["a cat", "a pet"] && item.captions["ko"] == ["고양이"] && item.texts["en"] == "a cat")
    #expect(set.captions(of: set.items(in: .train)[0]) == ["a dog"])
    let task = try RetrievalProtocol.textToVideo.tasks(of: set)[0]
    #expect(task.folds[0].queries.map(\.name) == ["1#0", "1#1"])
    #expect(refusal { try load("{\"id\": \"1\", \"label\": [\"a\", \"b\"]}\n", "m.jsonl") }?.problem.contains("'label'") == true)
  }

  @Test func itemsThatCannotBeUsedAreSkippedWithTheReason() throws {
    let set = try load(
      "id,text,images,related\n1,x,pics/a.png,2;3\n2,,pics/a.png,\n3,y,pics/none.png,\n4,z,,\n"
        + "5,w,pics/b.png,1;nobody\n"
    )
    // An item whose file is missing stays.
    #expect(set.allItems.map(\.id).sorted() == ["1", "3", "5"])
    #expect(set.skipped.map(\.id) == ["2", "4"])
    #expect(set.skipped[0].reason.contains("line 3: no text"))
    #expect(set.notes.first?.contains("1 related ids") == true)
    #expect(set.relevance == .relatedIDs)
  }

  /// The gallery that is promised is that of the table, whatever can be used of it.
  @Test func everyRowIsListed() throws {
    let rows = ["1,a cat,pics/a.png,test", "2,a dog,pics/none.png,test", "3,,pics/b.png,test", "4,a cow,pics/c.png,train"]
    let set = try load("id,text,images,split\n" + rows.joined(separator: "\n") + "\n")
    let split = try #require(set.split)
    #expect(split.id == "given" && split.ids(in: .test) == ["1", "2", "3"])
    #expect(set.completeness[.test] == Completeness(listed: 3, found: 1, missing: ["2", "3"]))
    #expect(set.items(in: .test).map(\.id) == ["1", "2"] && set.unusable(in: .test) == ["3"])
    let report = manifest.check(DatasetOptions(root: scratch.file("m.csv")))
    #expect(report.missing == ["files of 2 items of test, such as '2'"])
    #expect(report.text.contains("test: 3 listed, files 1/3, id-list hash \(IDList.hash(["1", "2", "3"]).prefix(12))"))
    // Without parts of its own it is cut by seed, and the cut does not depend on what is in place.
    let plain = (0..<50).map { "\($0),thing \($0),pics/\($0 < 25 ? "a" : "none").png" }.joined(separator: "\n")
    let cut = try load("id,text,images\n" + plain + "\n")
    #expect(cut.split?.id == "seed-64-26-10-s2022" && cut.completeness[.train]?.listed == 32)
    let whole = try load("id,text,images\n" + plain.replacing("none", with: "a") + "\n")
    #expect(whole.split == cut.split && whole.digest != cut.digest)
    let labelled = try load("id,text,images,label\n1,x,pics/a.png,l\n2,y,pics/a.png,l\n")
    #expect(labelled.split?.id == "label-64-26-10-s2022")
  }

  @Test func oneFileInTwoPartsIsToldByACheck() throws {
    let text = "id,text,video,split\n1,a cat,pics/a.png,train\n2,a dog,pics/a.png,test\n3,a cow,pics/b.png,validation\n"
    try scratch.write("y", "pics/c.png")
    try scratch.write("zz", "pics/b.png")
    let path = try scratch.write(text, "m.csv")
    let report = manifest.check(DatasetOptions(root: path))
    #expect(report.leaks?.shares == ["train+test": 1], "\(report.leaks as Any)")
    #expect(report.notes.contains { $0.hasPrefix("LEAKAGE: 1 and 2 (video file ") && $0.contains("are refused") }, "\(report.notes)")
    var allowed = DatasetOptions(root: path)
    allowed.allowLeakage = true
    #expect(manifest.check(allowed).notes.contains { $0.contains("allowed, and marked in every result") })
    let sound = try scratch.write(text.replacing("2,a dog,pics/a", with: "2,a dog,pics/c"), "other.csv")
    let clean = manifest.check(DatasetOptions(root: sound))
    #expect(clean.ready && clean.leaks?.leaks == [], "\(clean.text)")
  }

  @Test func badTablesAreRefused() throws {
    func problem(_ text: String, _ name: String = "m.csv") -> IeumError? { refusal { try load(text, name) } }
    #expect(problem("id,text,images\n1,x,pics/a.png\n1,y,pics/b.png\n")?.place == "line 3")
    #expect(problem("id,text,images\n,x,pics/a.png\n")?.place == "line 2")
    #expect(problem("text,images\nx,pics/a.png\n")?.problem.contains("'id'") == true)
    #expect(problem("id,text,image\n1,x,pics/a.png\n")?.remedy == "did you mean 'images'?")
    #expect(problem("id,text,images,split\n1,x,pics/a.png,trian\n")?.problem.contains("trian") == true)
    #expect(problem("{\"id\": \"1\"}\n[1]\n", "m.jsonl")?.place == "line 2")
    #expect(problem("{\"id\": \"1\", \"images\": [1]}\n", "m.jsonl")?.problem.contains("images") == true)
    #expect(problem("id,text,images\n1,,pics/a.png\n")?.problem.contains("none of 1") == true)
    #expect(refusal { try manifest.load(DatasetOptions(root: scratch.file("absent.csv"))) }?.exitCode == 65)
  }

  @Test func aWrongDatasetNameGetsTheNearest() {
    let error = refusal { try DatasetRegistry.named("stmaps") }
    #expect(error?.remedy == "did you mean 'stamps'?" && error?.exitCode == 64)
    #expect(Set(DatasetRegistry.all.map(\.name)).count == DatasetRegistry.all.count)
  }
}
