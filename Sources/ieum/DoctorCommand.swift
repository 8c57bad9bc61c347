import ArgumentParser
import Datasets
import Foundation
import Harness
import Tensors

struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor", abstract: "Versions, CPU, libraries, data and weights found, and what to do about what is missing.")

  @OptionGroup var engine: EngineOptions
  @Flag(help: "Print JSON.") var json = false

  func run() throws {
    try engine.apply()
    let host = Provenance.host()
    let cache = Cache()
    let weights = WeightCatalog.all.map { WeightStatus($0, cache: cache) }
    let data = try ["stamps"].map { try DatasetRegistry.named($0).check(DatasetOptions()) }
    if json {
      struct Diagnosis: Encodable {
        let host: CellResult.Host
        let cache: String
        let notice: String?
        let datasets: [DatasetReport]
        let weights: [WeightStatus]
      }
      try printJSON(
        encoding: Diagnosis(
          host: host, cache: cache.root, notice: Engine.slowdownNotice(), datasets: data, weights: weights))
      return
    }
    print(machine(host, cache))
    for report in data { print(report.text) }
    for status in weights { print(status.text) }
    if let notice = Engine.slowdownNotice() { warn(notice) }
  }

  /// One line each, names in one column.
  private func machine(_ host: CellResult.Host, _ cache: Cache) -> String {
    let fonts = Tool.version("fc-list", [":lang=ko", "family"])?.split(separator: "\n").first.map(String.init)
    let lines: [(String, String)] =
      [("CPU", "\(host.cpu), \(host.cores) core(s)"), ("threads", "\(host.threads)"), ("BLAS", host.blasCore)]
      + host.versions.sorted { $0.key < $1.key }.map { ($0.key, $0.value) } + [
        ("GPUs", TensorRuntime.isCUDABuild ? "\(TensorRuntime.cudaDevices)" : "none: libtorch is a build for CPUs"),
        ("cache", cache.root),
        ("gnuplot", Tool.version("gnuplot", ["--version"]) ?? "missing: apt-get install gnuplot-nox"),
        ("fonts", fonts ?? "no Korean font: apt-get install fonts-nanum"),
      ]
    let width = lines.map(\.0.count).max() ?? 0
    return lines.map { $0.padding(toLength: width + 2, withPad: " ", startingAt: 0) + $1 }.joined(separator: "\n")
  }
}
