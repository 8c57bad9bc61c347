import Basics

/// COCO and Flickr30k as one set of captioned pictures, as half2020 trains on it (about 150,000 pictures).
///
/// * Ids: `coco/COCOID`, `flickr30k/NAME`; order: COCO, then Flickr30k.
/// * Splits: `half2020` trains on all that is not validation, both test parts included (148,287 pictures), because it is
///   tested on MSR-VTT; its test part is empty. `karpathy` keeps both test parts apart (142,287 / 6,014 / 6,000).
struct COCOFlickr30kDataset: DatasetSpec {
  let name = "coco-flickr30k"
  let summary = "COCO and Flickr30k merged (half2020): about 150,000 pictures with five sentences each"
  let defaultRoot = "data"
  let defaultLanguage = "en"
  let splits = ["half2020", "karpathy"]
  let expectedLayout = [
    "coco/: as `ieum data check coco` says", "flickr30k/: as `ieum data check flickr30k` says (dataset_flickr30k.json)",
  ]

  func load(_ options: DatasetOptions) throws -> Dataset {
    let id = try splitName(options)
    let root = root(options)
    let specs: [any DatasetSpec] = [COCODataset(), Flickr30kDataset()]
    var problems = ProblemList()
    let sets = specs.compactMap { spec in
      var own = options
      own.root = "\(root)/\(spec.name)"
      own.split = nil
      return problems.collect { try spec.load(own) }
    }
    try problems.check()
    func merged(_ part: Split) -> [DatasetItem] { sets.flatMap { set in set.items(in: part).map { $0.prefixed(set.name) } } }
    func listed(_ part: Split) -> [String] {
      sets.flatMap { set in (set.split?.ids(in: part) ?? []).map { "\(set.name)/\($0)" } }
    }
    let joins = id == "half2020"
    let items: [Split: [DatasetItem]] = [
      .train: merged(.train) + (joins ? merged(.test) : []), .validation: merged(.validation),
      .test: joins ? [] : merged(.test),
    ]
    let source = "\(root)/coco and \(root)/flickr30k"
    let split = try NamedSplit(
      id + Flickr30kUnrelated.mark(options),
      [
        .train: NamedSplit.Part(ids: listed(.train) + (joins ? listed(.test) : []), source: source),
        .validation: NamedSplit.Part(ids: listed(.validation), source: source),
        .test: NamedSplit.Part(ids: joins ? [] : listed(.test), source: source),
      ], dataset: name, allowLeakage: options.allowLeakage)
    return Dataset(
      name: name, language: options.language ?? defaultLanguage, items: items,
      skipped: sets.flatMap { set in set.skipped.map { SkippedItem(id: "\(set.name)/\($0.id)", reason: $0.reason) } },
      notes: sets.flatMap { set in set.notes.map { "\(set.name): \($0)" } }, relevance: .relatedIDs,
      sizes: DatasetDigest.sizes(of: items.values.joined()), split: split,
      captionPolicy: try CaptionPolicy.unlisted(options, dataset: name), namespace: "")
  }
}

extension DatasetItem {
  /// The same item under `PREFIX/ID`.
  func prefixed(_ prefix: String) -> DatasetItem {
    DatasetItem(
      id: "\(prefix)/\(id)", captions: captions, imagePaths: imagePaths, audioPath: audioPath, videoPath: videoPath,
      start: start, end: end, label: label, relatedIDs: relatedIDs.map { "\(prefix)/\($0)" }, title: title,
      featurePath: featurePath, sourceVideo: sourceVideo)
  }
}
