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

  /// Git revision of the working folder and whether its tracked files differ from it; empty outside a checkout.
  public static func git() -> CellResult.Git {
    guard let revision = Subprocess.output(["git", "rev-parse", "HEAD"]) else { return CellResult.Git() }
    let changes = Subprocess.output(["git", "status", "--porcelain", "--untracked-files=no", "--", "Sources", "configs", "experiments", "Package.swift"])
    return CellResult.Git(revision: revision, dirty: !(changes ?? "").isEmpty)
  }

  /// Peak resident memory of this process since ``forgetPeakMemory()``, in bytes.
  public static func peakMemory() -> Int {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return usage.ru_maxrss * 1024
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
