import Basics
import Foundation

/// What a cell takes of the memory: as measured on an earlier cell of its kind, as its `resources` declare, or guessed.
struct CellMemory {
  let bench: Workbench

  private static let megabyte = 1 << 20

  /// Bytes at the peak.
  func peak(of cell: Experiment.Cell) -> Int {
    let config = cell.config
    return measured(config) ?? config.resources.memory.flatMap(Self.bytes) ?? guess(cell)
  }

  /// Cells of one kind read the same data through the same encoders in batches of the same size; loss, learning rate and
  /// the number of epochs change little.
  private func path(_ config: CellConfig) -> String {
    let sections = ["task", "dataset", "sources", "validation", "text", "image", "audio", "model"]
    let settings = sections.map { config.tree[$0]?.canonical ?? "" }
    let training = config.training
    let teacher = config.tree["training"]?["distill"]?.canonical
    let batch = "\(training.batchSize) \(training.precision) \(training.threads)"
    let parts = settings + [batch, teacher].compactMap { $0 }
    return "\(bench.cache.root)/memory/\(Digest.of(parts.joined(separator: "\n")).prefix(24))"
  }

  private func measured(_ config: CellConfig) -> Int? {
    (try? String(contentsOfFile: path(config), encoding: .utf8)).flatMap { Int($0.trimmingCharacters(in: .newlines)) }
  }

  /// Remembers what a cell took; of several of its kind the most.
  func record(_ bytes: Int, of cell: Experiment.Cell) {
    guard bytes > measured(cell.config) ?? 0 else { return }
    try? AtomicFile.write("\(bytes)\n", to: path(cell.config))
  }

  /// `4G` and `800M` as Slurm reads them; a number alone is megabytes.
  static func bytes(_ text: String) -> Int? {
    let units: [Character: Int] = ["K": 1 << 10, "M": megabyte, "G": 1 << 30, "T": 1 << 40]
    guard let last = text.last, let unit = units[last] else { return Int(text).map { $0 * megabyte } }
    return Int(text.dropLast()).map { $0 * unit }
  }

  /// Before anything of the kind was measured: the program with its libraries, the features as they are read and as
  /// tensors, and for each side that learns its weights, gradients and moments, and what a batch leaves for the gradients.
  private func guess(_ cell: Experiment.Cell) -> Int {
    let config = cell.config
    let runner = CellRunner(cell: cell, bench: bench, progress: Progress())
    let task = try? runner.task()
    let features = (task?.featurePaths ?? []).reduce(0) { $0 + Self.size($1) }
    var bytes = 512 * Self.megabyte + 3 * features
    let learnt = config.clips == nil ? [config.text, config.image].filter(\.train) : [config.text, config.image]
    for side in learnt {
      let file = (try? WeightCatalog.resolve(side.weights, cache: bench.cache)).flatMap { $0 }
      bytes += 5 * (file.map(Self.size) ?? 100 * Self.megabyte)
    }
    if let clips = task as? ClipTask { bytes += clips.batchBytes }
    if config.clips == nil, config.image.train { bytes += config.training.batchSize * 64 * Self.megabyte }
    if config.clips == nil, config.text.train { bytes += config.training.batchSize * 16 * Self.megabyte }
    return bytes
  }

  private static func size(_ path: String) -> Int {
    (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? 0
  }
}

extension SweepRunner {
  /// The processes that may run side by side; says so where the memory holds fewer than were asked for.
  func processes(_ jobs: Int, for pending: [Experiment.Cell], _ progress: Progress) -> Int {
    let wanted = min(jobs, pending.count)
    guard wanted > 1 else { return wanted }
    let memory = CellMemory(bench: bench)
    let (peaks, room) = (pending.map { memory.peak(of: $0) }, MemoryRoom().available)
    let count = JobCount.fitting(wanted, peaks: peaks, available: room)
    if count < wanted, let room, let most = peaks.max() {
      let gigabyte = Double(1 << 30)
      progress.note(
        String(
          format: "ieum: %d of %d processes: a cell takes up to %.1f GiB, %.1f GiB of memory are available", count, wanted,
          Double(most) / gigabyte, Double(room) / gigabyte))
    }
    return count
  }
}
