import Basics
import Foundation
import Testing

/// What a run does not lose: cells beside one that kills its process, results whose data are gone, other cells' results.
@Suite(.serialized) struct SweepLossTests {
  private let mini: Miniature

  init() throws { mini = try Miniature() }

  /// What workers of a run are at.
  private func places(_ name: String) -> [String] {
    let folder = "\(mini.folder)/cache-\(name)/working"
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    // Hidden ones are being written.
    return files.filter { !$0.hasPrefix(".") }
      .compactMap { try? String(contentsOfFile: "\(folder)/\($0)", encoding: .utf8) }
  }

  private func processes(workers: Bool) -> [Int32] {
    let list = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return list.compactMap { Int32($0) }.filter { id in
      guard let data = FileManager.default.contents(atPath: "/proc/\(id)/cmdline") else { return false }
      let words = String(decoding: data, as: UTF8.self).split(separator: "\0")
      return words.first == Substring(Program.path) && words.contains { $0.hasPrefix(mini.folder) }
        && words.contains("--worker") == workers
    }
  }

  private func results(_ name: String) throws -> [String: [String: Any]] {
    let folder = "\(mini.folder)/results-\(name)/mini/cells"
    var cells: [String: [String: Any]] = [:]
    for id in try FileManager.default.contentsOfDirectory(atPath: folder) {
      let data = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(id)/result.json"))
      let json = try JSONSerialization.jsonObject(with: data) as? [String: Any] ?? [:]
      cells[id] = json
    }
    return cells
  }

  @Test func aCellThatKillsItsProcessCostsItselfAlone() throws {
    defer { mini.remove() }
    // Longer than anybody waits: whenever it is killed, it is at work.
    let endless = "sweep.losses.rows.contrastive={loss: {name: contrastive}, training: {epochs: 100000, patience: 100000}}"
    func run() throws -> Program {
      var isKilled = false
      return try mini.run("--jobs", "1", "--set", endless, name: "death") {
        if !isKilled, places("death").contains(where: { $0.hasPrefix("contrastive") }) {
          for id in processes(workers: true) { kill(id, SIGKILL) }
          isKilled = true
        }
        return false
      }
    }
    let first = try run()
    #expect(first.status == 1 && first.errors.contains("losses / contrastive: its process was ended by signal 9"), "\(first.errors)")
    #expect(first.errors.contains("2 cell(s) computed, 0 from the cache"), "\(first.errors)")
    // The next run tries it again.
    let second = try run()
    #expect(second.status == 1 && second.errors.contains("signal 9"), "\(second.errors)")
    #expect(second.errors.contains("0 cell(s) computed, 2 from the cache"), "\(second.errors)")
  }

  @Test func workersEndWithTheRun() throws {
    defer { mini.remove() }
    var (isKilled, left): (Bool, Int) = (false, -1)
    _ = try mini.run("--set", "training.epochs=4000", "--set", "training.patience=4000", name: "parent") {
      guard !isKilled, !places("parent").isEmpty, !processes(workers: true).isEmpty else { return false }
      isKilled = true
      for id in processes(workers: false) { kill(id, SIGKILL) }
      for _ in 0..<2000 where left != 0 {
        left = processes(workers: true).count
        usleep(10_000)
      }
      return false
    }
    #expect(isKilled && left == 0)
  }

  @Test func aPartOfASweepLeavesTheRestAlone() throws {
    defer { mini.remove() }
    #expect(try mini.run(name: "part").status == 0)
    let run = try mini.run("--only", "VSE", "--set", "base.seeds=[5]", name: "part")
    #expect(run.status == 0, "\(run.errors)")
    #expect(try mini.metrics("part").values.filter { !$0.isEmpty }.count == 4)
    let commands = try results("part").values.compactMap { $0["command"] as? String }
    #expect(commands.contains { $0.contains("--set 'base.seeds=[5]' --only vse-") }, "\(commands)")
  }

  @Test func resultsOutliveTheirData() throws {
    defer { mini.remove() }
    #expect(try mini.run(name: "gone").status == 0)
    let before = try mini.metrics("gone")
    try FileManager.default.moveItem(atPath: mini.folder + "/items.csv", toPath: mini.folder + "/elsewhere.csv")
    let run = try mini.run(name: "gone")
    #expect(run.status == 65 && run.errors.contains("is kept"), "\(run.errors)")
    #expect(try mini.metrics("gone") == before)
  }

  @Test func damagedRanksAreComputedAgain() throws {
    defer { mini.remove() }
    #expect(try mini.run(name: "ranks").status == 0)
    let before = try mini.metrics("ranks")
    let runs = mini.folder + "/cache-ranks/runs"
    let stored = try FileManager.default.contentsOfDirectory(atPath: runs).map { "\(runs)/\($0)/ranks.h5" }
    let path = try #require(stored.first { FileManager.default.fileExists(atPath: $0) })
    try Data((FileManager.default.contents(atPath: path) ?? Data()).prefix(300)).write(to: URL(fileURLWithPath: path))
    let run = try mini.run(name: "ranks")
    #expect(run.status == 1 && run.errors.contains("computed again at the next run"), "\(run.errors)")
    let again = try mini.run(name: "ranks")
    #expect(again.status == 0 && again.errors.contains("1 cell(s) computed, 2 from the cache"), "\(again.errors)")
    #expect(try mini.metrics("ranks") == before)
  }

  /// Other pictures of the same names and sizes are other data.
  @Test func replacedPicturesAreNoticed() throws {
    defer { mini.remove() }
    #expect(try mini.run(name: "same").status == 0)
    let (first, second) = (mini.folder + "/images/0.svg", mini.folder + "/images/36.svg")
    let text = try String(contentsOfFile: first, encoding: .utf8)
    #expect(!FileManager.default.fileExists(atPath: second))
    try AtomicFile.write(text.replacing("fill='red'", with: "fill='tan'"), to: first)
    let run = try mini.run(name: "same")
    #expect(run.errors.contains("3 cell(s) computed, 0 from the cache"), "\(run.errors)")
  }
}
