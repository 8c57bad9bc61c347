import Basics
import Tensors

/// How terms `[N]` become one number.
public enum Reduction: String, CaseIterable, Sendable {
  /// The sum divided by the number of rows N, terms of 0 counted.
  case mean
  case sum

  static let parameter = ParameterSpec(
    "reduction", default: .string(Reduction.mean.rawValue), "how the terms of the rows become one number",
    choices: allCases.map(\.rawValue))

  /// - Parameter count: the N of the mean, where it differs from the number of terms.
  func callAsFunction(_ terms: Tensor, count: Int? = nil) throws -> Tensor {
    let sum = try terms.sum()
    let count = count ?? terms.count
    return self == .sum || count == 0 ? sum : try sum / Double(count)
  }
}

/// A configured loss: optional normalisation of the rows, the terms, and their reduction.
public struct LossFunction: Sendable {
  public let name: String
  public let loss: any EmbeddingLoss
  public let reduction: Reduction
  /// Rows are scaled to length 1 first, gradients passing through.
  public let normalize: Bool

  static let normalizeParameter = ParameterSpec(
    "normalize", default: .bool(false), "scale every row to length 1 first")

  /// The loss of a batch: a scalar in the embeddings' dtype.
  public func callAsFunction(_ input: LossInput) throws -> Tensor { try reduction(terms(input)) }

  /// What the loss itself learns.
  public var learned: [LearnedValue] { loss.learned }

  /// The unreduced terms `[N]`.
  public func terms(_ input: LossInput) throws -> Tensor {
    let checked = try input.checked()
    return try loss.terms(normalize ? checked.normalized() : checked)
  }
}
