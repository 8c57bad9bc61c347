import Basics
import Datasets
import Ranking

/// What a cell computes, its data and weights found but nothing computed: cheap to make, so that a finished sweep is
/// recognised at once.
protocol CellTask {
  /// The data that are evaluated on.
  var dataset: Dataset { get }
  var config: CellConfig { get }
  /// What the runs depend on, seed aside.
  var digest: String { get }
  /// Cells of one key share their training; one worker computes them one after the other.
  var trainingKey: String { get }
  /// The feature files it reads; those that are not there are extracted first.
  var featurePaths: [String] { get }
  /// What the numbers depend on, for their record.
  var digests: CellResult.Digests { get }
  /// How a query's vector and a gallery's are compared.
  func similarity() throws -> Similarity
  /// Footnotes on data and weights: what a reader must know before believing the number.
  var notes: [String] { get }

  /// The datasets that are trained on, and their parts.
  var trainedOn: [(dataset: Dataset, splits: [Split])] { get }
  /// How many items an epoch goes through.
  var itemsPerEpoch: Int { get }
  /// The dataset whose validation part chooses among epochs.
  var validatedOn: Dataset { get }

  /// The same with what they cost; see ``Rates``.
  func extractions() throws -> [Extraction]
  /// Seconds per item and epoch, measured now; nil where only a run can tell.
  func trainingProbe() throws -> Double?

  /// Extracts the features that are missing.
  func prepare(_ progress: Progress) throws

  /// Computes runs and writes their records.
  /// - Parameter folder: of a seed.
  func compute(seeds: [Int], folder: (Int) -> String, progress: Progress) throws
}

extension CellTask {
  var trainingKey: String { digest }

  /// What a run depends on whose training others may share: the training, and what is ranked by it.
  /// - Parameter more: of the evaluated data, where more than their own digest decides.
  func rankingDigest(_ more: [String] = []) -> String {
    // The lists decide on what is a miss.
    let lists = dataset.split?.digest ?? ""
    let evaluation = config.tree["evaluation"]?.canonical ?? "{}"
    return Digest.of(
      (["ranking 2", lists, trainingKey, dataset.digest, dataset.language, evaluation] + more).joined(separator: "\n"))
  }

  func similarity() throws -> Similarity { try Similarity.named(config.evaluation.similarity) }

  var trainedOn: [(dataset: Dataset, splits: [Split])] { [(dataset, [.train])] }
  var itemsPerEpoch: Int { trainedOn.reduce(0) { $0 + $1.dataset.count(in: $1.splits) } }
  var validatedOn: Dataset { dataset }
  /// Of the datasets that are evaluated and trained on, each once.
  var footnotes: [String] {
    FootnoteLetters.ordered(([dataset] + trainedOn.map(\.dataset)).compactMap(\.footnote))
  }
  /// Parts that lack files; of the evaluated one the result tells how many items have a vector.
  func missingFiles(of datasets: [Dataset]) -> [String] {
    let notes = datasets.flatMap { other in
      Split.allCases.compactMap { split -> String? in
        guard other.digest != dataset.digest || split.rawValue != config.evaluation.split,
          let part = other.completeness[split], part.listed > 0, !part.isComplete
        else { return nil }
        return "\(other.name), \(split.rawValue): \(part.text) listed items have their files"
      }
    }
    return FootnoteLetters.ordered(notes)
  }
  func extractions() throws -> [Extraction] { featurePaths.map { Extraction(file: $0) } }
  func trainingProbe() throws -> Double? { nil }
}
