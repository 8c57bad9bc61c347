import Basics
import Datasets
import Ranking

/// How well a model finds the pictures of a dataset's validation items by their captions, one language at a time: the same
/// measure for models of any kind.
public struct SearchValidation: Sendable {
  /// Language → mean reciprocal rank of an item's picture, its first caption being the query.
  public let reciprocalRanks: [String: Double]
  /// Pictures that are ranked.
  public let items: Int

  /// The mean over the languages.
  public var mean: Double { reciprocalRanks.values.reduce(0, +) / Double(max(1, reciprocalRanks.count)) }

  /// - Throws: ``IeumError`` (data) when the dataset is not there or has no validation items.
  public init(_ encoder: any QueryEncoder, dataset spec: any DatasetSpec, languages: [String]) throws {
    var ranks: [String: Double] = [:]
    var gallery: [Float]?
    var count = 0
    for language in languages {
      let dataset = try spec.load(DatasetOptions(language: language))
      let items = dataset.items(in: .validation).filter { QueryMedia($0) != nil && !dataset.captions(of: $0).isEmpty }
      guard !items.isEmpty else {
        throw IeumError(.data, "has no validation items", place: "dataset '\(spec.name)'")
      }
      // What cannot be encoded is a zero vector, as near to everything: it counts as chance does.
      func rows(_ results: [Result<[Float], IeumError>]) -> [Float] {
        results.flatMap { (try? $0.get()) ?? [Float](repeating: 0, count: encoder.dimension) }
      }
      let pictures = try gallery ?? rows(encoder.media(items.compactMap { QueryMedia($0) }))
      (gallery, count) = (pictures, items.count)
      let problem = try RankingProblem(
        queries: rows(encoder.texts(items.map { dataset.captions(of: $0)[0] })), gallery: pictures,
        dimension: encoder.dimension, relevant: Array(items.indices))
      let result = try RankingEvaluator.evaluate(
        problem, similarity: .cosine, ties: .expected, metrics: [.reciprocalRank])
      ranks[language] = result.metrics.first?.value ?? 0
    }
    (reciprocalRanks, items) = (ranks, count)
  }
}
