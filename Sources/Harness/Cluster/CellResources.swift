import Basics

/// What a cell asks of a cluster: its section `resources`. Numbers do not depend on it, so it is no part of a cell's id.
public struct CellResources: Sendable, Hashable {
  /// nil = as many as the training has threads.
  public let cpus: Int?
  /// As Slurm writes it: `4G`, `800M`; nil = the cluster's default.
  public let memory: String?
  public let minutes: Int?
  public let gpus: Int
  public let partition: String?
  public let account: String?
  /// Further options of `sbatch`, as written (`--constraint=avx512`).
  public let options: [String]

  init(_ reader: ConfigReader) {
    let cpus = reader.int("cpus", default: 1, in: 1...4096)
    self.cpus = reader.has("cpus") ? cpus : nil
    memory = reader.optionalString("memory")
    let minutes = reader.int("minutes", default: 1, in: 1...1_000_000)
    self.minutes = reader.has("minutes") ? minutes : nil
    gpus = reader.int("gpus", default: 0, in: 0...64)
    partition = reader.optionalString("partition")
    account = reader.optionalString("account")
    options = reader.strings("options", default: [])
    if let memory, memory.wholeMatch(of: #/[0-9]+[KMGT]?/#) == nil {
      reader.problem("memory", "'resources.memory' is '\(memory)'; write it as 800M or 4G")
    }
    for option in options where !option.hasPrefix("--") || option.contains(where: \.isNewline) {
      reader.problem("options", "'resources.options' holds '\(option)'; write options of sbatch as --name=value")
    }
    reader.finish()
  }

  /// The lines of a batch script.
  func directives(threads: Int) -> [String] {
    var lines = ["--cpus-per-task=\(cpus ?? threads)"]
    if let memory { lines.append("--mem=\(memory)") }
    if let minutes { lines.append("--time=\(minutes)") }
    if gpus > 0 { lines.append("--gres=gpu:\(gpus)") }
    if let partition { lines.append("--partition=\(partition)") }
    if let account { lines.append("--account=\(account)") }
    return (lines + options).map { "#SBATCH \($0)" }
  }
}
