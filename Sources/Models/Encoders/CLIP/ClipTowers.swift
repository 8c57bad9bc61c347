import Basics
import Tensors
import Weights

/// CLIP's towers out of weight files, strictly loaded, to be trained on or frozen.
public enum ClipTowers {
  /// - Parameters:
  ///   - file: with OpenAI's, Hugging Face's or torchvision's names; a text tower in it is left alone.
  ///   - config: Hugging Face's `config.json`; nil = the one beside the weights, if there is one.
  /// - Throws: ``IeumError`` (data) listing missing, unknown and wrongly shaped tensors.
  public static func vision(_ file: WeightFile, config: String? = nil) throws -> VisionTransformer {
    let tensors = try ClipNames.vision(file.tensors, file: file.path).filter { !$0.name.hasPrefix("heads.") }
    guard let sizes = try ClipSizes.vision(tensors, file: file.path, config: config) else {
      throw IeumError(.data, "holds no image tower", file: file.path)
    }
    var blank = InitialWeights(generator: nil)
    let network = try VisionTransformer(sizes, &blank)
    try network.load(tensors, file: file.path)
    return network
  }

  /// The same for the text tower.
  public static func text(_ file: WeightFile, config: String? = nil) throws -> ClipTextNetwork {
    let tensors = try ClipNames.text(file.tensors, file: file.path)
    var blank = InitialWeights(generator: nil)
    let network = try ClipTextNetwork(ClipSizes.text(tensors, file: file.path, config: config), &blank)
    try network.load(tensors, file: file.path)
    return network
  }

  /// A multilingual text side.
  /// - Parameters:
  ///   - file: the transformer's, with the projection in it or in a folder `2_Dense` beside it, as sentence-transformers
  ///     keeps it (``MultilingualClipNames``).
  ///   - config: the transformer's `config.json`.
  /// - Returns: the network, and a digest over all files that were read.
  public static func multilingual(_ file: WeightFile, config: String) throws -> (network: ProjectedBert, digest: String) {
    let parts = try MultilingualClipNames.parts(file)
    guard let weight = parts.projection.first(where: { $0.name == "weight" }), weight.shape.count == 2 else {
      throw MultilingualClipNames.noProjection(file.path)
    }
    var blank = InitialWeights(generator: nil)
    let network = try ProjectedBert(
      BertConfig(file: config), dimension: weight.shape[0], hasBias: parts.projection.count > 1, &blank)
    try network.load(
      parts.bert.map { $0.renamed("bert." + $0.name) } + parts.projection.map { $0.renamed("projection." + $0.name) },
      file: file.path)
    return (network, parts.digest)
  }

  /// The logarithm of the logit scale that the weights were trained with, where the file has it.
  public static func logitScale(_ file: WeightFile) throws -> Double? {
    try ClipNames.openAI(file.tensors).first { $0.name == ClipNames.logitScale }?.floats().first.map { Double($0) }
  }
}
