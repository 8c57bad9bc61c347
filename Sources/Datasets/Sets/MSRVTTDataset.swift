import Basics
import Foundation

/// MSR-VTT: 10,000 clips with 20 English sentences each (Xu et al. 2016), in the forms in which it circulates.
///
/// * Item: a clip with all its sentences; a validation or test clip with those of the caption policy.
/// * Label: the category number, where the annotation file has it.
/// * Split: `1kA-9k`, `1kA-7k`, `1kB`, `full`; lists are checked against the published counts and hashes. `test` takes
///   the test list of another split, which is refused where it shares clips with what is trained on.
/// * Order: that of the lists (`1kA` test: the CSV's rows), clip numbers for `full`.
struct MSRVTTDataset: DatasetSpec {
  let name = "msrvtt"
  let summary = "MSR-VTT: 10,000 web clips with 20 sentences each; splits 1kA-9k, 1kA-7k, 1kB, full"
  let defaultRoot = "data/msrvtt"
  let defaultLanguage = "en"
  let splits = MSRVTTSplits.names
  let expectedLayout = [
    "MSRVTT_data.json; or train_val_videodatainfo.json and test_videodatainfo.json; or MSR_VTT.json; or raw-captions.pkl (annotations)",
    "MSRVTT_JSFUSION_test.csv (split 1kA: test clips and their sentences); without it val_list_jsfusion.txt, and",
    "jsfusion_val_caption_idx.pkl for the sentences (collaborative-experts: numbers of sentences in the annotation file)",
    "MSRVTT_train.9k.csv or train_list_jsfusion.txt (1kA-9k), MSRVTT_train.7k.csv (1kA-7k): otherwise derived",
    "train_list_miech.txt, test_list_miech.txt (split 1kB)",
    "videos/video0.mp4 … video9999.mp4 (also looked for in videos/all/, all/, TrainValVideo/ and TestVideo/)",
  ]

  func load(_ options: DatasetOptions) throws -> Dataset {
    let root = root(options)
    let testName = options.test ?? options.split ?? self.splits[0]
    let policy = options.captions ?? MSRVTTSplits.defaultPolicy(testName)
    let (annotations, split, sentences) = try files(root, options, policy)
    let media = MediaIndex(
      root: root, folders: ["videos", "videos/all", "all", "TrainValVideo", "TestVideo"], suffixes: MediaIndex.videoSuffixes,
      expected: "mp4")
    var builder = CaptionedItems(split: split, policy: policy, language: options.language ?? defaultLanguage)
    builder.listed = sentences
    try builder.requireEntries(
      Set(annotations.captions.keys), source: annotations.files.joined(separator: " and "), dataset: name,
      acceptOtherData: options.acceptOtherData)
    let items = builder.items { id, part, captions in
      DatasetItem(
        id: id, captions: captions, videoPath: media.path(id), label: annotations.categories[id],
        sourceVideo: annotations.videos[id])
    } captions: {
      annotations.captions[$0] ?? []
    }
    return Dataset(
      name: name, language: builder.language, items: items, skipped: builder.skipped,
      notes: notes(annotations, builder) + [sharedVideos(items)].compactMap { $0 }, relevance: .sameLabel,
      sizes: DatasetDigest.sizes(of: items.values.joined()), split: split, captionPolicy: policy)
  }

  /// Everything that is missing is told at once.
  private func files(
    _ root: String, _ options: DatasetOptions, _ policy: CaptionPolicy
  ) throws -> (MSRVTTAnnotations, NamedSplit, sentences: [String: String]) {
    var problems = ProblemList()
    let annotations = problems.collect { try MSRVTTAnnotations(root: root, acceptOtherData: options.acceptOtherData) }
    let splits = MSRVTTSplits(
      root: root, annotated: annotations?.ids ?? [], acceptOtherData: options.acceptOtherData)
    let split = problems.collect { try splits.split(options) }
    let sentences = problems.collect { policy == .fixedList ? try splits.fixedSentences(annotations?.captions ?? [:]) : [:] }
    guard let annotations, let split, let sentences else { throw problems.error }
    return (annotations, split, sentences)
  }

  /// The published lists of 1k-A know clips, not videos: it is told, and not refused.
  private func sharedVideos(_ items: [Split: [DatasetItem]]) -> String? {
    let trained = Set((items[.train] ?? []).compactMap(\.sourceVideo))
    let shared = (items[.test] ?? []).count { $0.sourceVideo.map(trained.contains) ?? false }
    return shared == 0 ? nil : "\(shared) clips of test are cut from videos that train has other clips of (published so)"
  }

  private func notes(_ annotations: MSRVTTAnnotations, _ builder: CaptionedItems) -> [String] {
    let odd = annotations.captions.values.count { $0.count != 20 }
    let foreign = builder.listed.count { id, sentence in annotations.captions[id]?.contains(sentence) == false }
    var notes = ["annotations: \(annotations.files.map { ($0 as NSString).lastPathComponent }.joined(separator: ", "))"]
    if odd > 0 { notes.append("\(odd) of \(annotations.captions.count) clips have other than 20 sentences") }
    if annotations.emptySentences > 0 { notes.append("\(annotations.emptySentences) empty sentences are left out") }
    if foreign > 0 { notes.append("\(foreign) listed sentences are not among their clip's sentences") }
    return notes
  }
}
