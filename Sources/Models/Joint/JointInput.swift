import Basics
import Tensors

/// How text and image features are brought together before the first layer.
///
/// Choice: the thesis concatenates the features as they come. Their scales differ between encoders
/// (word-vector means are near 0.1, pooled ReLU features near 1), so each modality can be scaled to a root mean
/// square of 1 first.
struct JointInput: Sendable {
  let inputs: JointModelSpec.Inputs
  let normalize: Bool

  static let parameter = ParameterSpec(
    "normalizeInputs", default: .bool(false),
    "scale text and image features to a root mean square of 1 each before concatenation")

  /// `[N, Dt]` and `[N, Di]` → `[N, Dt + Di]` in the given dtype.
  func concatenated(_ text: Tensor, _ image: Tensor, as type: DType) throws -> Tensor {
    guard text.rank == 2, image.rank == 2, text.shape[0] == image.shape[0], text.shape[1] == inputs.text,
      image.shape[1] == inputs.image
    else {
      throw IeumError(
        .data,
        "features \(text.shape) and \(image.shape) do not fit a model for text [N, \(inputs.text)] "
          + "and images [N, \(inputs.image)]", remedy: "use the encoders that the model was made with")
    }
    let parts = normalize ? [try scaled(text), try scaled(image)] : [text, image]
    return try Tensor.cat(parts, dim: 1).to(type)
  }

  /// Rows with a root mean square of 1: at length 1 a wide feature's values would be too small beside the biases.
  private func scaled(_ rows: Tensor) throws -> Tensor {
    try RowGeometry.unit(rows) * Double(rows.shape[1]).squareRoot()
  }
}
