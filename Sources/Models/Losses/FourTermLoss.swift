import Basics
import Tensors

/// The total of half2020: L_vm(v,a) + L(a,v) + L_vm(v,t) + L(t,v), v image, a audio, t text; L the sum of hinges,
/// L_vm the same with the variable margin.
///
/// On a batch of pairs (image, partner) it is that pair's half of the total, L_vm(v,x) + L(x,v), so that batches of
/// image–text and of image–audio pairs in turn add up to the whole.
/// - Source: half2020, final loss. The document varies the margin where the image is the anchor (`variable=image`);
///   the other choices are for ablations.
public struct FourTermLoss: EmbeddingLoss {
  /// The anchors whose margin varies.
  enum Variable: String, CaseIterable {
    case image, other, both, none
  }

  let margin: Double
  let similarity: RowSimilarity
  let variable: Variable
  let mining: HingeMining

  public static let spec = LossSpec(
    name: "four-term", input: .modalities,
    parameters: [
      .margin(0.2), RowSimilarity.parameter,
      ParameterSpec(
        "variable", default: .string(Variable.image.rawValue), "the anchors whose margin varies: image, other, both, none",
        choices: Variable.allCases.map(\.rawValue)),
      HingeMining.parameter,
    ],
    summary: "L_vm(v,a) + L(a,v) + L_vm(v,t) + L(t,v): image-mediated ranking of image, audio and text",
    source: "half2020, final loss", readsQueue: true
  ) {
    FourTermLoss(
      margin: $0.double("margin"), similarity: try RowSimilarity($0),
      variable: Variable(rawValue: $0.string("variable")) ?? .image, mining: HingeMining($0))
  }

  public func terms(_ input: LossInput) throws -> Tensor {
    switch input {
    case .pairs: return try pairTerms(input)
    case .modalities(let image, let audio, let text):
      return try pairTerms(.pairs(anchors: image, positives: audio))
        + pairTerms(.pairs(anchors: image, positives: text))
    default: throw LossInput.mismatch(.modalities)
    }
  }

  /// Both directions between images (the anchors) and their partners.
  private func pairTerms(_ pairs: LossInput) throws -> Tensor {
    let (fromImage, fromOther) = (
      try PairHinges(pairs, similarity), try PairHinges(pairs, similarity, reversed: true)
    )
    return try direction(fromImage, varies: variable == .image || variable == .both)
      + direction(fromOther, varies: variable == .other || variable == .both)
  }

  private func direction(_ hinges: PairHinges, varies: Bool) throws -> Tensor {
    try varies
      ? hinges.terms(variableMargin: margin, mining: mining) : hinges.terms(margin: margin, mining: mining)
  }
}
