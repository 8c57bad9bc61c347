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
  /// Operations a second of a matrix product of 2048 rows and columns, in float32 by the BLAS.
  public let product: Double
  public let productBF16: Double?
  /// Operations a second of convolutions such as a ResNet's; nil where the CPU has no fast ones.
  public let convolutionF32, convolutionBF16: Double?
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
      oneThreadBF16: rate(.bf16, 1), product: try MachineLimits.product(.f32, side: 2048, seconds: seconds),
      productBF16: TensorRuntime.convolvesInBF16 ? try MachineLimits.product(.bf16, side: 2048, seconds: seconds) : nil,
      convolutionF32: try? MachineLimits.convolution(.f32, threads: threads, seconds: seconds),
      convolutionBF16: try? MachineLimits.convolution(.bf16, threads: threads, seconds: seconds),
      memoryRead: MachineLimits.read(bytes: 512 << 20, threads: threads, seconds: seconds))
  }
}
