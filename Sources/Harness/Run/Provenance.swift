import Basics
import Foundation
import Tensors

/// What a number's record says about machine, code and cost.
public enum Provenance {
  /// Bumped whenever training or evaluation changes in a way that changes numbers: part of every run's digest.
  public static let codeVersion = "2"

  /// The same in words, as results record it.
  static let codeDescription = "training and evaluation \(codeVersion)"

  /// Cores, threads, BLAS kernel and library versions in use now; `device` among the versions where it is a GPU.
  public static func host(_ device: Device = .cpu) -> CellResult.Host {
    var versions = TensorRuntime.versions
    if device != .cpu { versions["device"] = ([device.description] + gpuModels()).joined(separator: ", ") }
    return CellResult.Host(
      cpu: cpuModel(), cores: ProcessInfo.processInfo.processorCount, threads: TensorRuntime.threads,
      blasCore: TensorRuntime.blasCore ?? "unknown", versions: versions)
  }

  /// The models of this machine's NVIDIA GPUs, each once.
  private static func gpuModels() -> [String] {
    let root = "/proc/driver/nvidia/gpus"
    let cards = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
    let models = cards.compactMap { card -> String? in
      let text = try? String(contentsOfFile: "\(root)/\(card)/information", encoding: .utf8)
      let line = text?.split(separator: "\n").first { $0.hasPrefix("Model:") }
      return line?.dropFirst(6).trimmingCharacters(in: .whitespaces)
    }
    return Set(models).sorted()
  }

  /// Git revision of the checkout that the program was built in, whatever folder it runs in, and whether its tracked
  /// files differ from it or are newer than the program; empty outside a checkout.
  public static func git() -> CellResult.Git {
    let git = ["git", "-C", ProgramFiles.folder]
    guard let root = Subprocess.output(git + ["rev-parse", "--show-toplevel"]),
      FileManager.default.fileExists(atPath: root + "/Sources/Harness/Run/Provenance.swift"),
      let revision = Subprocess.output(git + ["rev-parse", "HEAD"])
    else { return CellResult.Git() }
    let parts = ["Sources", "configs", "experiments", "Package.swift"]
    let changes = Subprocess.output(
      ["git", "-C", root, "status", "--porcelain", "--untracked-files=no", "--"] + parts) ?? ""
    let sources = (FileManager.default.enumerator(atPath: root + "/Sources")?.allObjects as? [String]) ?? []
    let newest = sources.compactMap { ProgramFiles.modified("\(root)/Sources/\($0)") }.max() ?? 0
    return CellResult.Git(revision: revision, dirty: !changes.isEmpty || newest > ProgramFiles.built.max() ?? 0)
  }

  /// Peak resident memory of this process since ``forgetPeakMemory()``, in bytes.
  public static func peakMemory() -> Int {
    // Not getrusage's: that is handed down from the process that started this one.
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
    return (line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) } ?? 0) * 1024
  }

  /// Lets the peak begin anew at what is resident now, so that a cell does not answer for the one before it.
  static func forgetPeakMemory() {
    let descriptor = open("/proc/self/clear_refs", O_WRONLY)
    guard descriptor >= 0 else { return }
    _ = write(descriptor, "5", 1)
    close(descriptor)
  }

  static func cpuModel() -> String {
    let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
    let line = text.split(separator: "\n").first { $0.hasPrefix("model name") }
    return line?.split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) } ?? "unknown"
  }
}

/// Small helper for other programs: runs one and returns its trimmed output, or `nil` when it failed.
enum Subprocess {
  static func output(_ command: [String]) -> String? {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = command
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return nil }
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { return nil }
    return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
  }
}

/// Whether another program is installed, by what it says of itself.
public enum Tool {
  public static func version(_ name: String, _ arguments: [String]) -> String? {
    Subprocess.output([name] + arguments).flatMap { $0.isEmpty ? nil : $0 }
  }
}
