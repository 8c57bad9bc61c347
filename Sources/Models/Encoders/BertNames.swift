import Weights

/// Translates the published names of BERT, DistilBERT and (XLM-)RoBERTa weights into BERT's without a task prefix.
public enum BertNames {
  /// Task heads, the unused pooler and the constant position numbers: never loaded.
  public static let ignored = [
    "cls.", "pooler.", "lm_head.", "vocab_transform.", "vocab_layer_norm.", "vocab_projector.", "embeddings.position_ids",
    "embeddings.token_type_ids",
  ]

  private static let prefixes = ["bert.", "distilbert.", "roberta."]
  /// DistilBERT's names for the parts of a layer.
  private static let distilled = [
    (".attention.q_lin.", ".attention.self.query."), (".attention.k_lin.", ".attention.self.key."),
    (".attention.v_lin.", ".attention.self.value."), (".attention.out_lin.", ".attention.output.dense."),
    (".sa_layer_norm.", ".attention.output.LayerNorm."), (".ffn.lin1.", ".intermediate.dense."),
    (".ffn.lin2.", ".output.dense."), (".output_layer_norm.", ".output.LayerNorm."),
  ]

  /// Drops a leading `bert.`, reads the old `gamma`/`beta` of layer normalisation as `weight`/`bias`, and
  /// DistilBERT's parts as BERT's.
  public static func normalised(_ name: String) -> String {
    var name = prefixes.lazy.compactMap { name.removing($0) }.first ?? name
    for (old, new) in [(".gamma", ".weight"), (".beta", ".bias")] where name.hasSuffix(old) {
      name = String(name.dropLast(old.count)) + new
    }
    guard let rest = name.removing("transformer.layer.") else { return name }
    return distilled.reduce("encoder.layer." + rest) { $0.replacing($1.0, with: $1.1) }
  }

  static func normalised(_ tensors: [RawTensor]) -> [RawTensor] {
    TensorNaming.dropping(ignored, from: TensorNaming.renaming(tensors) { normalised($0) })
  }
}
