import Basics
import Foundation

/// CIFAR-10 (Krizhevsky 2009), the binary release: 60,000 pictures of 32 × 32 in ten classes.
///
/// * Item: a picture; its id is its place in the release, frozen: 0–49,999 the training batches in order,
///   50,000–59,999 the test batch (record r of file f is 10,000 f + r). Text and label are the class name.
/// * Splits: training and query lists of the ``HashingProtocol``s, which have galleries of their own; the
///   first one holds all pictures, the others only those that they train on or ask with.
/// * Order: by id. The pictures are unpacked into the cache as PNG files by ``makeFiles(_:progress:)``.
struct CIFAR10Dataset: DatasetSpec {
  let name = "cifar10"
  let summary = "CIFAR-10: 60,000 pictures of 32 × 32 in ten classes, with the protocols of deep hashing"
  let defaultRoot = "data/cifar10"
  let defaultLanguage = "en"
  let splits = [HashingProtocol.official50k, .gallery54k, .gallery59k, .random50k].map(\.rawValue)
  let expectedLayout = [
    "data_batch_1.bin … data_batch_5.bin, test_batch.bin: the binary release, 10,000 records each",
    "batches.meta.txt: the ten class names",
    "the pictures are unpacked from these into the cache, by `ieum data prepare` or when first encoded",
  ]

  private static let files = (1...5).map { "data_batch_\($0).bin" } + ["test_batch.bin"]
  private static let classes = [
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
  ]
  /// What the unpacked pictures depend on beside the release.
  private static let recipe = 1

  func prepare(_ options: DatasetOptions) throws -> [String] {
    var made = 0
    try makeFiles(options) { _, total in made = total }
    let dataset = try load(options)
    return ["\(dataset.allItems.count) pictures, \(made) unpacked now"] + dataset.notes
  }

  func makeFiles(_ options: DatasetOptions, progress: (_ done: Int, _ total: Int) -> Void) throws {
    let batches = try batches(options)
    let missing = zip(batches, folders(batches, options)).enumerated().flatMap { file, pair in
      (0..<pair.0.count).compactMap { record -> (batch: CIFARBatch, record: Int, path: String)? in
        let path = "\(pair.1)/\(Self.id(file, record)).png"
        if FileManager.default.fileExists(atPath: path) { return nil }
        return (pair.0, record, path)
      }
    }
    let group = 512
    progress(0, missing.count)
    for start in stride(from: 0, to: missing.count, by: group) {
      let end = min(start + group, missing.count)
      let faults = Parallel.map(Array(missing[start..<end])) { entry -> (any Error)? in
        do {
          try AtomicFile.write(PNGWriter.encode(entry.batch.picture(entry.record)), to: entry.path)
          return nil
        } catch { return error }
      }
      for case let fault? in faults { throw fault }
      progress(end, missing.count)
    }
  }

  func load(_ options: DatasetOptions) throws -> Dataset {
    let batches = try batches(options)
    let names = try classNames(options)
    let language = options.language ?? defaultLanguage
    var (all, made): ([DatasetItem], [String: MadeFile]) = ([], [:])
    for (file, (batch, folder)) in zip(batches, folders(batches, options)).enumerated() {
      for record in 0..<batch.count {
        let (id, label) = (Self.id(file, record), names[batch.label(record)])
        let path = "\(folder)/\(id).png"
        made[path] = MadeFile(recipe: Self.recipe, sources: [batch.path])
        all.append(DatasetItem(id: id, texts: [language: label], imagePaths: [path], label: label))
      }
    }
    let chosen = try HashingProtocol.named(splitName(options))
    let split = try namedSplit(chosen, all, root(options))
    let sides = split.sides
    let items = Dictionary(grouping: all.filter { sides[$0.id] != nil }) { sides[$0.id] ?? .train }
    return Dataset(
      name: name, language: language, items: items, skipped: [], notes: notes(all), relevance: .sameLabel,
      sizes: DatasetDigest.sizes(of: items.values.joined()), made: made, split: split,
      textRelevance: .label)
  }

  private static func id(_ file: Int, _ record: Int) -> String { String(file * CIFARBatch.records + record) }

  /// All files are read before the first fault is told.
  private func batches(_ options: DatasetOptions) throws -> [CIFARBatch] {
    var problems = ProblemList()
    let batches = Self.files.compactMap { file in
      problems.collect { try CIFARBatch("\(root(options))/\(file)", anyCount: options.acceptOtherData) }
    }
    try problems.check()
    return batches
  }

  /// One per batch, named by what is in it.
  private func folders(_ batches: [CIFARBatch], _ options: DatasetOptions) -> [String] {
    let known = MediaFingerprints.of(batches.map(\.path), of: name)
    return batches.map { "\(options.cache)/cifar10/\(Self.recipe)-\((known[$0.path] ?? "").prefix(16))" }
  }

  private func classNames(_ options: DatasetOptions) throws -> [String] {
    let path = "\(root(options))/batches.meta.txt"
    let names = try TextLines.read(path).map { KeyedTable.normal($0.text) }.filter { !$0.isEmpty }
    guard names == Self.classes else {
      throw IeumError(
        .data,
        "does not name the ten classes in their published order (\(Self.classes.joined(separator: ", ")))",
        file: path, remedy: "put the file of the binary release there")
    }
    return names
  }

  private func namedSplit(_ chosen: HashingProtocol, _ items: [DatasetItem], _ root: String) throws
    -> NamedSplit
  {
    let lists = try chosen.lists(of: items)
    let source = "\(root)/*.bin"
    return try NamedSplit(
      chosen.listName,
      [.train: .init(ids: lists.training, source: source), .test: .init(ids: lists.queries, source: source)],
      dataset: name)
  }

  /// The lists of every protocol that these pictures allow.
  private func notes(_ items: [DatasetItem]) -> [String] {
    HashingProtocol.allCases.compactMap { chosen in
      guard let lists = try? chosen.lists(of: items) else { return nil }
      let parts = [("queries", lists.queries), ("training", lists.training), ("gallery", lists.gallery)]
      return "protocol \(chosen.rawValue) (\(chosen.listName)): "
        + parts.map { "\($0) \($1.count) \(IDList.hash($1).prefix(12))" }.joined(separator: ", ")
    }
  }
}
