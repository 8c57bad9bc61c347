import Weights

/// Translates the published names of BERT weights into Hugging Face's without a task prefix.
public enum BertNames {
  /// Task heads, the unused pooler and the constant position numbers: never loaded.
  public static let ignored = ["cls.", "pooler.", "embeddings.position_ids"]

  /// Drops a leading `bert.` and reads the old `gamma`/`beta` of layer normalisation as `weight`/`bias`.
  public static func normalised(_ name: String) -> String {
    var name = name.removing("bert.") ?? name
    for (old, new) in [(".gamma", ".weight"), (".beta", ".bias")] where name.hasSuffix(old) {
      name = String(name.dropLast(old.count)) + new
    }
    return name
  }

  static func normalised(_ tensors: [RawTensor]) -> [RawTensor] {
    TensorNaming.dropping(ignored, from: TensorNaming.renaming(tensors) { normalised($0) })
  }
}
