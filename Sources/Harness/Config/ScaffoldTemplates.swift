/// The sources that `ieum new` writes: each compiles as it is and runs in an experiment, to be changed from there.
enum ScaffoldTemplates {
  static func loss(_ name: String, _ type: String) -> String {
    """
    import Basics
    import Tensors

    /// TODO: one sentence and the formula. This draft is the triplet loss without its hinge, softplus(Z), Z = d(a,p) − d(a,n).
    /// - Source: TODO: authors, year, equation.
    public struct \(type): EmbeddingLoss {
      let distance: RowDistance

      public static let spec = LossSpec(
        name: "\(name)", input: .triplets, parameters: [RowDistance.parameter],
        summary: "softplus(Z), Z = d(a,p) − d(a,n), on given triplets", source: "TODO"
      ) { \(type)(distance: try RowDistance($0)) }

      /// One term per triplet, `[N]`.
      public func terms(_ input: LossInput) throws -> Tensor {
        guard case .triplets(let anchors, let positives, let negatives) = input else {
          throw LossInput.mismatch(.triplets)
        }
        let z = try distance.between(anchors, positives) - distance.between(anchors, negatives)
        return try (z.exp() + 1).log()
      }
    }

    """
  }

  static func dataset(_ name: String, _ type: String) -> String {
    """
    import Basics

    /// TODO: what the data are and where they come from. This draft reads the table of `manifest` from its own place.
    struct \(type): DatasetSpec {
      let name = "\(name)"
      let summary = "TODO: one sentence"
      let defaultRoot = "data/\(name).csv"
      let defaultLanguage = "en"
      let expectedLayout = ["\(name).csv with id, text, images, label"]

      /// Items of all splits.
      /// - Throws: ``IeumError`` (data) naming file, line and way out.
      func load(_ options: DatasetOptions) throws -> Dataset {
        var options = options
        options.root = root(options)
        let table = try ManifestDataset().load(options)
        return Dataset(
          name: name, language: table.language, items: table.items, skipped: table.skipped, notes: table.notes,
          relevance: table.relevance)
      }
    }

    """
  }

  static func encoder(_ name: String, _ type: String) -> String {
    """
    import Basics
    import Tensors

    /// TODO: what the network is. This draft averages the colours of an 8×8 grid: a baseline without weights.
    /// - Source: TODO.
    final class \(type): Module, ImageNetwork {
      static let spec = ImageEncoderSpec(
        name: "\(name)", summary: "TODO: one sentence", source: "TODO", dimension: 192,
        preprocessing: ImagePreprocessing(
          resize: 64, crop: 64, interpolation: .bilinear, mean: ImagePreprocessing.imageNetMean,
          std: ImagePreprocessing.imageNetStd),
        ignored: [],
        build: { _, _ in \(type)() },
        normalise: { tensors, _ in NormalisedWeights(tensors) })

      /// Pixels `[N, 3, 64, 64]` → `[N, 192]`.
      func features(_ pixels: Tensor) throws -> Tensor {
        try pixels.avgPool2d(kernel: [8, 8], stride: [8, 8], padding: [0, 0], countIncludePad: true).flatten(from: 1)
      }
    }

    """
  }

  static func experiment(_ name: String) -> String {
    """
    # TODO: one sentence on what is compared.
    experiment: \(name)
    title: \(name)
    include: [../configs/models/small-text-image.yaml]

    base:
      dataset: {name: stamps, language: en}
      text: {encoder: bert, weights: minilm}
      image: {encoder: efficientnet-lite0, weights: efficientnet-lite0}
      training: {epochs: 12, batchSize: 128, learningRate: 0.001, patience: 3, threads: 1}
      evaluation: {metrics: [cappedR@1, cappedR@10, cappedR@20, MedR]}
      seeds: [1, 2, 3]

    sweep:
      - table: losses
        rows:
          swish-triplet: {loss: {name: swish-triplet, mining: random}}
          triplet: {loss: {name: triplet, mining: random}}

    report:
      tables:
        - {name: losses, from: losses, metric: cappedR@10, title: "R@10 by loss"}

    """
  }
}
