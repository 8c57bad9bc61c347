import Basics
import Models

extension CellConfig {
  /// Whether the cell's method learns; an unknown one counts as if it did, its name is told elsewhere.
  var isTrainable: Bool {
    if towers != nil || clips != nil { return true }
    return model.name != KNNBaseline.name && (try? JointModelRegistry.named(model.name))?.isTrainable ?? true
  }

  /// The names that a section of parameters (`loss.parameters`) may hold for this cell; nil where the path is no such
  /// section, or what it belongs to is unknown.
  func declaredParameters(_ section: [String]) -> [String]? {
    if section == ["training", "recipe"] { return clips == nil ? [] : ClipRecipe.parameters.map(\.name) }
    guard section.count == 2, section[1] == "parameters" else { return nil }
    switch section[0] {
    case "loss": return lossParameters?.map(\.name)
    case "model": return modelParameters?.map(\.name)
    case "text": return textParameters?.map(\.name)
    case "image": return (FilmFrames.parameters + (clips == nil ? [] : ClipTask.imageSizes)).map(\.name)
    case "audio": return towers?.towers[.audio].map { audioParameters($0.encoder) } ?? []
    default: return nil
    }
  }

  /// CLIP's towers have one loss, and what does not learn has none.
  private var lossParameters: [ParameterSpec]? {
    isTrainable && clips == nil ? (try? LossRegistry.named(loss.name))?.parameters : []
  }

  private var modelParameters: [ParameterSpec]? {
    if clips != nil { return ClipTask.modelParameters }
    if towers != nil { return (try? TowerModelRegistry.named(model.name))?.parameters }
    if model.name == KNNBaseline.name { return KNNBaseline.parameters }
    return (try? JointModelRegistry.named(model.name))?.parameters
  }

  private var textParameters: [ParameterSpec]? {
    if clips != nil { return ClipTask.textParameters + ClipTask.textSizes }
    return text.encoder == StoredTower.name ? [] : (try? TextEncoderRegistry.named(text.encoder))?.parameters
  }

  private func audioParameters(_ encoder: String) -> [String] {
    ((try? AudioEncoderRegistry.named(encoder))?.parameters ?? []).map(\.name)
  }
}
