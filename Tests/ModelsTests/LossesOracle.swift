import Foundation

/// The losses again, as plain loops over rows in Double: an oracle without tensors. Defaults as in the
/// contract.
struct LossOracle {
  typealias Rows = [[Double]]

  static func rows(_ input: ([Double], [Int])?) -> Rows {
    guard let (values, shape) = input else { return [] }
    return (0..<shape[0]).map { Array(values[$0 * shape[1]..<($0 + 1) * shape[1]]) }
  }

  static func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
  static func euclidean(_ a: [Double], _ b: [Double]) -> Double {
    zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
  }
  static func cosine(_ a: [Double], _ b: [Double]) -> Double {
    dot(a, b) / (dot(a, a).squareRoot() * dot(b, b).squareRoot())
  }
  static func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }

  /// The mean of the terms with default parameters.
  static func value(_ name: String, _ inputs: LossArrays) -> Double {
    if name == "four-term" {
      return ["audio", "text"].reduce(0) { sum, partner in
        let pair: LossArrays = ["anchors": inputs["image"] ?? ([], [0, 0]), "positives": inputs[partner] ?? ([], [0, 0])]
        let swapped: LossArrays = ["anchors": pair["positives"] ?? ([], []), "positives": pair["anchors"] ?? ([], [])]
        return sum + value("variable-margin", pair) + value("sum-hinge", swapped)
      }
    }
    let (a, p) = (rows(inputs["anchors"] ?? inputs["left"]), rows(inputs["positives"] ?? inputs["right"]))
    let n = rows(inputs["negatives"])
    let labels = inputs["labels"]?.0 ?? []
    let terms = a.indices.map { i -> Double in
      let others = a.indices.filter { $0 != i }
      switch name {
      case "triplet": return max(0, 0.2 + euclidean(a[i], p[i]) - euclidean(a[i], n[i]))
      case "triplet-hard", "triplet-semihard": return inBatch(a, p, i, others, name == "triplet-semihard")
      case "swish-triplet":
        let z = euclidean(a[i], p[i]) - euclidean(a[i], n[i])
        return z * sigmoid(z)
      case "contrastive":
        let z = euclidean(a[i], p[i])
        return labels[i] == 0 ? z * z / 2 : pow(max(0, 1 - z), 2) / 2
      case "sum-hinge":
        return others.reduce(0) { $0 + max(0, cosine(a[i], p[$1]) - cosine(a[i], p[i]) + 0.2) }
      case "max-hinge":
        let forward = others.map { max(0, cosine(a[i], p[$0]) - cosine(a[i], p[i]) + 0.2) }.max() ?? 0
        return forward + (others.map { max(0, cosine(a[$0], p[i]) - cosine(a[i], p[i]) + 0.2) }.max() ?? 0)
      case "variable-margin":
        return others.reduce(0) {
          $0 + max(0, cosine(a[i], p[$1]) - cosine(a[i], p[i]) + 0.2 * sigmoid(-cosine(a[i], a[$1])))
        }
      case "info-nce":
        let own = exp(cosine(a[i], p[i]) / 0.07)
        let row = a.indices.reduce(0) { $0 + exp(cosine(a[i], p[$1]) / 0.07) }
        let column = a.indices.reduce(0) { $0 + exp(cosine(a[$1], p[i]) / 0.07) }
        return -(log(own / row) + log(own / column)) / 2
      case "mil-nce":
        let own = exp(dot(a[i], p[i]))
        return log((own + others.reduce(0) { $0 + exp(dot(a[i], p[$1])) + exp(dot(a[$1], p[i])) }) / own)
      default: return .nan
      }
    }
    return terms.reduce(0, +) / Double(terms.count)
  }

  private static func inBatch(_ a: Rows, _ p: Rows, _ i: Int, _ others: [Int], _ semiHard: Bool) -> Double {
    let own = euclidean(a[i], p[i])
    let distances = others.map { euclidean(a[i], p[$0]) }.filter { !semiHard || (own < $0 && $0 < own + 0.2) }
    return distances.min().map { max(0, 0.2 + own - $0) } ?? 0
  }
}
