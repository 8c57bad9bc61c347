import Basics
import Foundation
import Testing

/// A new baseline as `docs/adding-a-baseline.md` makes it: scaffolded in a copy of the sources, built, run, found.
@Suite(.serialized) struct ScaffoldTests {
  private static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().path
  /// Under the build folder, so that building again is quick and nothing is left in the sources.
  private static let copy = repository + "/.build/scaffold"

  /// Copies files whose content differs, so that a second build compiles only what changed.
  private func mirror(_ path: String) throws {
    let (from, to) = ("\(Self.repository)/\(path)", "\(Self.copy)/\(path)")
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: from, isDirectory: &isFolder) else { return }
    if isFolder.boolValue {
      let wanted = Set(try FileManager.default.contentsOfDirectory(atPath: from))
      for name in (try? FileManager.default.contentsOfDirectory(atPath: to)) ?? [] where !wanted.contains(name) {
        try FileManager.default.removeItem(atPath: to + "/" + name)
      }
      for name in wanted { try mirror(path + "/" + name) }
    } else if !FileManager.default.contentsEqual(atPath: from, andPath: to) {
      try AtomicFile.write(try Data(contentsOf: URL(fileURLWithPath: from)), to: to)
    }
  }

  @Test func aNewLossEncoderDatasetAndExperimentBuildAndStandInATable() throws {
    for path in ["Package.swift", "Package.resolved", "Sources", "Tests", "experiments", "configs"] { try mirror(path) }
    for (kind, name) in [
      ("loss", "probe-loss"), ("encoder", "probe-grid"), ("dataset", "probe-set"), ("experiment", "probe"),
    ] {
      let new = try Program("new", kind, name, "--root", Self.copy)
      #expect(new.status == 0, "\(new.errors)")
    }
    #expect(try Program("new", "loss", "probe-loss", "--root", Self.copy).status == 64)
    let build = try Program.run(["swift", "build", "--package-path", Self.copy], program: "/usr/bin/env")
    try #require(build.status == 0, "\(build.output.suffix(2000)) \(build.errors.suffix(2000))")

    let mini = try Miniature()
    defer { mini.remove() }
    let run = try Program.run(
      [
        "run", mini.experiment, "--results", mini.folder + "/results",
        "--set", "sweep.losses.rows.probe={loss: {name: probe-loss}, image: {encoder: probe-grid, weights: random}}",
      ], program: Self.copy + "/.build/debug/ieum", cache: mini.folder + "/cache")
    #expect(run.status == 0, "\(run.errors)")
    let table = try String(contentsOfFile: mini.folder + "/results/mini/tables/losses.csv", encoding: .utf8)
    let row = try #require(table.split(separator: "\n").first { $0.hasPrefix("probe,") })
    #expect(row.split(separator: ",").dropFirst().contains { Double($0) != nil }, "\(row)")
    let data = try Program.run(["data", "list"], program: Self.copy + "/.build/debug/ieum")
    #expect(data.output.contains("probe-set"))
    let plan = try Program.run(
      ["plan", Self.copy + "/experiments/probe.yaml"], program: Self.copy + "/.build/debug/ieum", cache: mini.folder + "/c")
    #expect(plan.status == 0, "\(plan.errors)")
  }
}
