import Basics
import CTorch
import Foundation

/// The process-wide settings and versions of the tensor library.
public enum TensorRuntime {
  /// Uses all cores and deterministic algorithms. Called once, before the first tensor, by programs.
  public static func start() throws {
    try setThreads(ProcessInfo.processInfo.activeProcessorCount)
    try check(ct_set_deterministic(true))
  }

  /// Sets the threads of libtorch and of OpenBLAS.
  public static func setThreads(_ count: Int) throws { try check(ct_set_threads(Int32(clamping: count))) }

  public static var threads: Int { Int(ct_threads()) }

  /// OpenBLAS's kernel and its threads; nil where libtorch's BLAS is another.
  public static var blasCore: String? { ct_blas_core().map { String(cString: $0) } }
  public static var blasThreads: Int? { ct_blas_threads() < 0 ? nil : Int(ct_blas_threads()) }

  /// libtorch's vector instructions, such as `AVX2`.
  public static var cpuCapability: String { String(cString: ct_cpu_capability()) }

  /// Whether libtorch is a CUDA build, and how many GPUs it finds.
  public static var isCUDABuild: Bool { ct_cuda_built() }
  public static var cudaDevices: Int { Int(ct_cuda_devices()) }

  /// What provenance records keep: library version, vector instructions, BLAS kernel.
  public static var versions: [String: String] {
    var result = ["libtorch": String(cString: ct_version()), "cpuCapability": cpuCapability]
    result["openblasCore"] = blasCore
    result["inference"] = inferenceEngine
    return result
  }

  /// Lets OpenBLAS choose its kernel by CPU detection, whatever `OPENBLAS_CORETYPE` said. Before any product only.
  /// - Returns: whether this OpenBLAS can do it.
  @discardableResult
  public static func redetectBLAS() -> Bool { ct_blas_redetect() }

  public static func setDeterministic(_ on: Bool) throws { try check(ct_set_deterministic(on)) }

  /// Tensor handles alive in this process.
  public static var liveTensors: Int { Int(ct_live_tensors()) }

  /// Runs `body` in mixed precision on this thread: products in `dtype`, sums in float32.
  public static func autocast<Result>(
    _ dtype: DType, device: Device = .cpu, _ body: () throws -> Result
  ) throws -> Result {
    try check(ct_autocast_begin(dtype.code, device.code))
    defer { _ = ct_autocast_end(device.code) }
    return try body()
  }

  /// The time that libtorch's operators take within `body`: each one's own, without that of the operators it calls.
  public static func operators(during body: () throws -> Void) throws -> [Stage] {
    try check(ct_operators_begin())
    do {
      try body()
    } catch {
      _ = ct_operators_end()
      throw error
    }
    return Stage.parse(ct_operators_end())
  }
}

extension Stage {
  /// Lines of seconds, operations and a name.
  static func parse(_ text: UnsafePointer<CChar>) -> [Stage] {
    String(cString: text).split(separator: "\n").compactMap { line in
      let parts = line.split(separator: " ", maxSplits: 2)
      guard parts.count == 3, let seconds = Double(parts[0]), let operations = Double(parts[1]) else { return nil }
      return Stage(String(parts[2]), seconds: seconds, operations: operations)
    }
  }
}
