import Basics
import Datasets
import Foundation

/// What the data of a cell share: inside the evaluated dataset, and between what is trained on and what is evaluated.
/// Findings are kept in the cache by the digests of the data.
struct CellLeaks {
  let bench: Workbench
  var kinds = [Leak.Kind.id, .file, .video]

  static func kinds(_ policy: LeakPolicy) -> [Leak.Kind] {
    Leak.Kind.allCases.filter { kind in
      kind.isSameItem || policy.action != .off && (kind != .pixels || policy.pixels)
    }
  }

  func inside(_ dataset: Dataset) throws -> LeakReport {
    try known("3 \(dataset.digest) \(dataset.language) \(kinds.map(\.rawValue))") { LeakCheck.run(dataset, kinds: kinds) }
  }

  /// Between each dataset that is trained on and the parts that are evaluated and validated on.
  func across(_ task: any CellTask) throws -> [LeakReport] {
    let part = Split(rawValue: task.config.evaluation.split) ?? .test
    let held = [(task.dataset, part)] + (part == .validation ? [] : [(task.validatedOn, .validation)])
    var reports: [LeakReport] = []
    for (trained, splits) in task.trainedOn {
      for (dataset, part) in held {
        // Parts of one split are what `inside` compares.
        let isOwn = trained.digest == dataset.digest && trained.namespace == dataset.namespace
        if isOwn, splits == [.train] { continue }
        let names = "\(trained.namespace) \(trained.digest) \(splits) \(dataset.namespace) \(dataset.digest) \(part)"
        let same = kinds.filter(\.isSameItem)
        let report = try known("across 2 \(names) \(same.map(\.rawValue))") {
          LeakCheck.between((trained, splits), (dataset, part), kinds: same)
        }
        if !reports.contains(where: { $0.dataset == report.dataset }) { reports.append(report) }
      }
    }
    return reports
  }

  /// Why the cell may not run; nil where nothing is shared, or that was allowed.
  func refusal(_ reports: [LeakReport], _ cell: Experiment.Cell) throws -> IeumError? {
    guard let bad = reports.first(where: { !$0.sameItems.isEmpty }), try !cell.config.dataset.resolved().allowLeakage
    else { return nil }
    let count = bad.shares.values.reduce(0, +)
    return IeumError(
      .data,
      "\(count) item(s) are on two sides, such as \(LeakReport.text(of: bad.sameItems)): numbers on them would not be "
        + "test results", place: "dataset '\(bad.dataset)'",
      remedy: "mend the splits or choose others; dataset.options.allowLeakage=true goes on and marks every result")
  }

  /// Why a planned cell may not run. The files of published splits are compared by a run alone: that reads them.
  static func refusal(_ cell: Experiment.Cell, _ task: any CellTask, bench: Workbench) throws -> IeumError? {
    let reads = task.dataset.split?.followsItems ?? true
    let leaks = CellLeaks(bench: bench, kinds: reads ? [.id, .file, .video] : [.id, .video])
    return try leaks.refusal([try leaks.inside(task.dataset)] + leaks.across(task), cell)
  }

  /// For the record of a cell: which sides share how many items.
  func shares(_ task: any CellTask) throws -> [String: Int] {
    var shares = try inside(task.dataset).shares
    for report in try across(task) {
      for (sides, count) in report.shares { shares["\(sides) in \(report.dataset)"] = count }
    }
    return shares
  }

  private func known(_ name: String, _ look: () -> LeakReport) throws -> LeakReport {
    let path = "\(bench.cache.root)/leaks/\(Digest.of(name).prefix(24)).json"
    if let data = FileManager.default.contents(atPath: path),
      let known = try? JSONDecoder().decode(LeakReport.self, from: data)
    {
      return known
    }
    let report = look()
    try AtomicFile.write(try JSONEncoder().encode(report), to: path)
    return report
  }
}
