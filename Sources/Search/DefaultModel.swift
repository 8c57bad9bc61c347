import Basics
import Datasets
import Foundation
import Harness

/// The model that encodes where nobody names one: of the candidates trained on this machine the best on validation.
public enum DefaultModel {
  /// An experiment shipped with the program, and its cell.
  struct Candidate {
    let file: String
    let cell: String?
    /// Trained at first use, as it takes a minute; the others take half an hour and count once somebody has run them.
    let isQuick: Bool
  }

  static let candidates = [
    Candidate(file: "experiments/search.yaml", cell: "languages/English", isQuick: true),
    Candidate(file: "experiments/clipko2022-stamps.yaml", cell: "table2/Korean", isQuick: false),
  ]
  /// What candidates are compared on.
  static let dataset = "stamps"
  static let languages = ["en", "ko"]

  /// - Parameters:
  ///   - trains: train the candidates that take long, too.
  ///   - progress: told what is being done.
  public static func best(trains: Bool = false, _ progress: (String) -> Void) throws -> SearchModel {
    var found: [(model: SearchModel, score: SearchValidation)] = []
    var absent: [String] = []
    for candidate in candidates {
      let file = try path(candidate.file)
      let model = try candidate.isQuick || trains
        ? SearchModel.trained(file, cell: candidate.cell) : SearchModel.cached(file, cell: candidate.cell)
      guard let model else {
        absent.append(candidate.file)
        continue
      }
      let score = try SearchValidation(
        model.encoder(), dataset: DatasetRegistry.named(dataset), languages: languages)
      progress("\(candidate.file): \(text(score))")
      found.append((model, score))
    }
    guard let best = found.max(by: { $0.score.mean < $1.score.mean }) else {
      throw IeumError(.data, "no model is trained", remedy: "run `ieum run experiments/search.yaml`")
    }
    let others = found.filter { $0.model.card.digest != best.model.card.digest }
    return try best.model.chosen(selection(best.score, others.map { ($0.model.card.experiment, $0.score) }, absent))
  }

  /// `MRR on 96 validation stamps 0.52 (en), 0.06 (ko)`
  private static func text(_ score: SearchValidation) -> String {
    let parts = languages.map { String(format: "%.3f (%@)", score.reciprocalRanks[$0] ?? 0, $0) }
    return "MRR on \(score.items) validation \(dataset) " + parts.joined(separator: ", ")
  }

  private static func selection(
    _ best: SearchValidation, _ others: [(name: String, score: SearchValidation)], _ absent: [String]
  ) -> String {
    var sentence = text(best)
    if !others.isEmpty {
      sentence += "; preferred, by the mean of the languages, to "
        + others.map { "\($0.name): \(text($0.score))" }.joined(separator: "; ")
    }
    if !absent.isEmpty { sentence += "; not compared with \(absent.joined(separator: ", ")), which is not trained here" }
    return sentence
  }

  /// A shipped experiment, beside the working folder or in the checkout that the program was built in.
  /// - Throws: ``IeumError`` (data) when it is not found.
  static func path(_ name: String) throws -> String {
    var folder = URL(fileURLWithPath: ProgramFiles.path)
    var places = [name]
    while folder.path != "/" {
      folder.deleteLastPathComponent()
      places.append("\(folder.path)/\(name)")
    }
    guard let found = places.first(where: { FileManager.default.fileExists(atPath: $0) }) else {
      throw IeumError(
        .data, "the default experiment is not there", file: name,
        remedy: "run in a checkout of ieum, or make an index with `ieum index create --model EXPERIMENT`")
    }
    return found
  }
}
