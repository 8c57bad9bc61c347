import Basics
import Foundation
import Tensors

/// Starts the compute engine once per process: threads, BLAS kernel, and a word about settings that slow it down.
public enum Engine {
  /// - Parameters:
  ///   - threads: for the tensor library and the BLAS; `nil` = all cores.
  ///   - liftBlasCore: ignore an inherited `OPENBLAS_CORETYPE` and let OpenBLAS choose for this CPU.
  public static func start(threads: Int?, liftBlasCore: Bool) throws {
    try TensorRuntime.start()
    if liftBlasCore, !TensorRuntime.redetectBLAS() {
      FileHandle.standardError.write(Data("ieum: this BLAS cannot choose its kernel anew; unset OPENBLAS_CORETYPE\n".utf8))
    }
    try use(threads: threads ?? ProcessInfo.processInfo.processorCount)
  }

  /// Keeps the tensor library, the BLAS and this program's own loops to so many threads from now on.
  static func use(threads: Int) throws {
    Parallel.use(threads: threads)
    try TensorRuntime.setThreads(threads)
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
