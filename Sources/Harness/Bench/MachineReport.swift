import Foundation
import Tensors

/// This machine's measured limits and the settings they were measured under.
public struct MachineReport: Codable, Sendable {
  public let cpu: String
  public let threads: Int
  public let blasCore: String
  public let versions: [String: String]
  /// Operations a second in registers; bf16 is nil where the CPU has no instruction for it.
  public let multiplyAddF32: Double?
  public let multiplyAddBF16: Double?
  /// The same with one thread.
  public let oneThreadF32: Double?
  public let oneThreadBF16: Double?
  /// Operations a second of a float32 matrix product of 2048 rows and columns.
  public let product: Double
  /// Bytes a second read from main memory.
  public let memoryRead: Double

  /// - Parameter seconds: per figure.
  public static func measure(seconds: Double) throws -> MachineReport {
    let (host, threads) = (Provenance.host(), TensorRuntime.threads)
    func rate(_ precision: InferencePrecision, _ threads: Int) -> Double? {
      MachineLimits.multiplyAdd(precision, threads: threads, seconds: seconds)
    }
    return MachineReport(
      cpu: host.cpu, threads: threads, blasCore: host.blasCore, versions: host.versions,
      multiplyAddF32: rate(.f32, threads), multiplyAddBF16: rate(.bf16, threads), oneThreadF32: rate(.f32, 1),
      oneThreadBF16: rate(.bf16, 1), product: try MachineLimits.product(side: 2048, seconds: seconds),
      memoryRead: MachineLimits.read(bytes: 512 << 20, threads: threads, seconds: seconds))
  }
}
