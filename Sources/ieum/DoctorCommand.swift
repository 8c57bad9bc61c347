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
    print("CPU        \(host.cpu), \(host.cores) core(s)")
    print("threads    \(host.threads)")
    print("BLAS       \(host.blasCore)")
    for (name, version) in host.versions.sorted(by: { $0.key < $1.key }) { print("\(name.padding(toLength: 10, withPad: " ", startingAt: 0)) \(version)") }
    print("cache      \(cache.root)")
    print("gnuplot    \(Tool.version("gnuplot", ["--version"]) ?? "missing: apt-get install gnuplot-nox")")
    print("fonts      \(Tool.version("fc-list", [":lang=ko", "family"])?.split(separator: "\n").first.map(String.init) ?? "no Korean font: apt-get install fonts-nanum")")
    for report in data { print(report.text) }
    for status in weights { print(status.text) }
    if let notice = Engine.slowdownNotice() { warn(notice) }
  }
}
