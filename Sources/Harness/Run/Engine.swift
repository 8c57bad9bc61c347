import Foundation
import Tensors

/// Starts the compute engine once per process: threads, BLAS kernel, and a word about settings that slow it down.
public enum Engine {
  /// - Parameters:
  ///   - threads: for the tensor library and the BLAS; `nil` = all cores.
  ///   - liftBlasCore: ignore an inherited `OPENBLAS_CORETYPE` and let OpenBLAS choose for this CPU.
  public static func start(threads: Int?, liftBlasCore: Bool) throws {
    if liftBlasCore { TensorRuntime.liftBlasCore() }
    try TensorRuntime.setThreads(threads ?? ProcessInfo.processInfo.processorCount)
  }

  /// A sentence about an inherited setting that makes the run slower than this CPU allows; `nil` when there is none.
  public static func slowdownNotice() -> String? {
    guard let core = ProcessInfo.processInfo.environment["OPENBLAS_CORETYPE"], !core.isEmpty else { return nil }
    let flags = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
    let narrow = ["haswell", "zen", "sandybridge", "nehalem", "core2", "prescott"]
    guard flags.contains("avx512f"), narrow.contains(core.lowercased()) else { return nil }
    return "OPENBLAS_CORETYPE=\(core) holds matrix products below this CPU's AVX-512; --blas-core auto lifts it"
  }
}
