import Basics
import Foundation
import Testing

/// A sweep of 24 cells through a real Slurm of two nodes on this machine, one of them killed on the way.
@Suite(.serialized) struct SlurmTests {
  static let isAsked = ProcessInfo.processInfo.environment["IEUM_TEST_SLURM"] != nil

  private let mini: Miniature
  private static let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path + "/scripts/with-slurm.sh"

  init() throws { mini = try Miniature() }

  /// Runs a shell script under a Slurm of its own; nil when Slurm is not installed.
  private func underSlurm(_ text: String) throws -> Program? {
    let path = mini.folder + "/driver.sh"
    try AtomicFile.write("set -u\nieum='\(Program.path)'\ncd '\(mini.folder)'\n" + text, to: path)
    let run = try Program.run(
      ["bash", path], program: Self.script, cache: mini.folder + "/cache-slurm", environment: ["SLURM_NODE_CPUS": "2"])
    if run.status == 77 {
      print("skipped: Slurm is not installed; apt-get install slurmctld slurmd munge slurm-client")
      return nil
    }
    return run
  }

  private var grid: String {
    get throws {
      let path = mini.folder + "/grid.yaml"
      let axes = "axes: {training.learningRate: [0.01, 0.02], training.batchSize: [12, 16], training.groupSize: [2, 3]}"
      let text = try String(contentsOfFile: mini.experiment, encoding: .utf8)
        .replacing("experiment: mini", with: "experiment: grid")
        .replacing("  - table: losses\n", with: "  - table: losses\n    \(axes)\n")
      try AtomicFile.write(text, to: path)
      return path
    }
  }

  private func metrics(_ results: String) throws -> [String: [String: [Double]]] {
    let folder = "\(mini.folder)/\(results)/grid/cells"
    var metrics: [String: [String: [Double]]] = [:]
    for id in try FileManager.default.contentsOfDirectory(atPath: folder) {
      let data = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(id)/result.json"))
      let json = try JSONSerialization.jsonObject(with: data) as? [String: Any]
      metrics[id] = json?["metrics"] as? [String: [Double]] ?? [:]
    }
    return metrics
  }

  @Test(.enabled(if: SlurmTests.isAsked, "set IEUM_TEST_SLURM to run it; it takes minutes"))
  func aSweepSurvivesTheLossOfANode() throws {
    defer { mini.remove() }
    let experiment = try grid
    let run = try underSlurm(
      """
      "$ieum" run '\(experiment)' --results results-slurm --executor slurm >out.txt 2>err.txt &
      sweep=$!
      # As soon as the first node computes a cell, it loses its power.
      until squeue -h -t RUNNING -w n1 -o %j | grep -q ieum-cells; do
        kill -0 $sweep 2>/dev/null || break
        sleep 0.1
      done
      kill -9 "$(cat "$SLURM_FOLDER/run/n1.pid")"
      for environment in /proc/[0-9]*/environ; do
        if { tr '\\0' '\\n' <"$environment"; } 2>/dev/null | grep -qx 'SLURMD_NODENAME=n1'; then
          process=$(basename "${environment%/environ}")
          grep -qz "SLURM_CONF=$SLURM_CONF" "$environment" || continue
          # Its supervisor first: one that lives on would tell of a failed job instead of a lost node.
          parent=$(ps -o ppid= -p "$process" | tr -d ' ')
          [ "$(ps -o comm= -p "${parent:-0}")" = slurmstepd ] && kill -9 "$parent"
          kill -9 "$process" 2>/dev/null
        fi
      done
      "$ieum" status '\(experiment)' --results results-slurm --json >status.json
      until sinfo -h -N -n n1 -o %t | grep -q down; do
        kill -0 $sweep 2>/dev/null || break
        sleep 0.2
      done
      "$SLURM_FOLDER/node" n1
      wait $sweep
      status=$?
      cat err.txt >&2
      exit $status
      """)
    guard let run else { return }
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.errors.contains("24 cell(s) computed"), "\(run.errors)")
    let status = try Data(contentsOf: URL(fileURLWithPath: mini.folder + "/status.json"))
    let shown = try JSONSerialization.jsonObject(with: status) as? [String: Any]
    let states = (shown?["cells"] as? [[String: Any]] ?? []).map { $0["state"] as? String ?? "" }
    #expect(states.count == 24 && states.contains { $0 == "running" || $0 == "queued" }, "\(states)")

    let local = try Program.run(
      ["run", experiment, "--results", mini.folder + "/results-local"], cache: mini.folder + "/cache-local")
    #expect(local.status == 0, "\(local.errors)")
    let expected = try metrics("results-local")
    #expect(expected.count == 24 && expected.values.allSatisfy { $0["cappedR@10"]?.count == 2 })
    #expect(try metrics("results-slurm") == expected)
  }

  @Test(.enabled(if: SlurmTests.isAsked, "set IEUM_TEST_SLURM to run it; it takes minutes"))
  func aDetachedSweepIsSubmittedOnce() throws {
    defer { mini.remove() }
    let resources = "resources={cpus: 1, minutes: 10, options: [--comment=mini]}"
    let run = try underSlurm(
      """
      arguments=('\(mini.experiment)' --results results-slurm --set '\(resources)')
      "$ieum" run "${arguments[@]}" --executor slurm --detach || exit 1
      squeue -h -r -o '%j %c %l %E' >queue.txt
      "$ieum" run "${arguments[@]}" --executor slurm --detach || exit 1
      "$ieum" run "${arguments[@]}" --executor slurm || exit 1
      "$ieum" status "${arguments[@]}"
      """)
    guard let run else { return }
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.output.contains("3 cells: 3 done"), "\(run.output)")
    // Submitted once: one array for the features, one for the cells.
    let ledger = try Data(contentsOf: URL(fileURLWithPath: mini.folder + "/results-slurm/mini/slurm/jobs.json"))
    let jobs = (try JSONSerialization.jsonObject(with: ledger) as? [String: Any])?["jobs"] as? [[String: Any]] ?? []
    #expect(jobs.map { $0["phase"] as? String } == ["features", "cells"], "\(jobs)")
    let queue = try String(contentsOfFile: mini.folder + "/queue.txt", encoding: .utf8)
    #expect(queue.split(separator: "\n").filter { $0.hasPrefix("ieum-cells 1 10:00 afterany:") }.count == 3, "\(queue)")
  }

  @Test func withoutSlurmTheWayOutIsNamed() throws {
    defer { mini.remove() }
    let run = try Program.run(
      ["run", mini.experiment, "--results", mini.folder + "/r", "--executor", "slurm"], cache: mini.folder + "/c",
      environment: ["PATH": "/nowhere"])
    #expect(run.status == 1 && run.errors.contains("--executor local"), "\(run.errors)")
    #expect(try Program("run", mini.experiment, "--detach").status == 64)
    #expect(try Program("run", mini.experiment, "--set", "resources.memory=much", "--results", mini.folder + "/r").status == 64)
  }
}
