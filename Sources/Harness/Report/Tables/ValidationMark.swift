import Datasets

/// Numbers of the validation split carry a dagger: the kept epoch (and a search's settings) were chosen there, so that they
/// are better than what the same model reaches on data that nothing was chosen on.
enum ValidationMark {
  static let dagger = "†"

  /// What the dagger means under a table; nil where no number has one.
  static func footnote(_ measured: [CellResult]) -> ReportTable.Footnote? {
    let marked = measured.filter(\.isValidation)
    guard !marked.isEmpty else { return nil }
    let chosen = marked.filter(\.isSelectedThere).count
    let which = chosen == 0 ? "" : chosen == marked.count
      ? ", where the kept epoch or the settings were chosen too"
      : ", where for \(chosen) of \(marked.count) the kept epoch or the settings were chosen too"
    return ReportTable.Footnote(marker: dagger, text: "Measured on the validation split\(which): not a number of the test split.")
  }
}

extension CellResult {
  /// Whether the numbers are those of the validation split.
  var isValidation: Bool { config["evaluation.split"] == Split.validation.rawValue }

  /// Whether something was chosen by the very split that was measured: an epoch, or a search's settings. An epoch that was
  /// chosen on another dataset's validation split does not count.
  var isSelectedThere: Bool {
    guard isValidation else { return false }
    if search != nil { return true }
    let elsewhere = config["validation.name"].map { $0 != config["dataset.name"] } ?? false
    return !elsewhere && selectedEpochs.contains { $0 > 0 }
  }
}
