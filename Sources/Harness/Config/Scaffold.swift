import Basics
import Foundation

/// Writes the one file and the one registry line of a new baseline.
public struct Scaffold {
  public enum Kind: String, CaseIterable, Sendable { case encoder, loss, dataset, experiment }

  private let kind: Kind
  private let name: String
  private let root: String

  public init(_ kind: Kind, name: String, root: String) {
    (self.kind, self.name, self.root) = (kind, name, root)
  }

  /// - Returns: what was written and what to do next, a line each.
  /// - Throws: ``IeumError``: usage for a bad or taken name; data when the folder is no checkout of ieum.
  public func write() throws -> [String] {
    guard name.wholeMatch(of: /[a-z][a-z0-9]*(-[a-z0-9]+)*/) != nil else {
      throw IeumError(.usage, "'\(name)' is not a name in kebab-case", remedy: "write it like 'my-\(kind.rawValue)'")
    }
    let path = "\(root)/\(file)"
    guard !FileManager.default.fileExists(atPath: path) else {
      throw IeumError(.usage, "is there already", file: path, remedy: "choose another name")
    }
    guard let registry else {
      try AtomicFile.write(source, to: path)
      return ["wrote \(path)", "next: ieum plan \(path)"]
    }
    let registered = try registering(in: "\(root)/\(registry.file)", before: registry.end)
    try AtomicFile.write(source, to: path)
    try AtomicFile.write(registered, to: "\(root)/\(registry.file)")
    return ["wrote \(path)", "registered in \(root)/\(registry.file)", "next: swift build -c release, then docs/adding-a-baseline.md"]
  }

  private func registering(in path: String, before end: String) throws -> String {
    guard let text = try? String(contentsOfFile: path, encoding: .utf8), let place = text.range(of: end) else {
      throw IeumError(.data, "no registry to add to", file: path, remedy: "run in a checkout of ieum, or give --root")
    }
    return text.replacingCharacters(in: place, with: line + end)
  }

  private var registry: (file: String, end: String)? {
    switch kind {
    case .loss: ("Sources/Models/Losses/LossRegistry.swift", "  ]\n")
    case .dataset: ("Sources/Datasets/Sets/DatasetRegistry.swift", "  ]\n")
    case .encoder: ("Sources/Models/Encoders/ImageEncoderRegistry.swift", "\n\n  /// - Throws")
    case .experiment: nil
    }
  }

  private var line: String {
    switch kind {
    case .loss: "    \(type).spec,\n"
    case .dataset: "    \(type)(),\n"
    case .encoder: "\n    + [\(type).spec]"
    case .experiment: ""
    }
  }

  /// `my-loss` → `MyLossLoss`, without a doubled last word.
  private var type: String {
    let suffix = ["loss": "Loss", "dataset": "Dataset", "encoder": "Encoder"][kind.rawValue] ?? ""
    let camel = name.split(separator: "-").map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    return camel.hasSuffix(suffix) ? camel : camel + suffix
  }

  private var file: String {
    switch kind {
    case .loss: "Sources/Models/Losses/\(type).swift"
    case .dataset: "Sources/Datasets/Sets/\(type).swift"
    case .encoder: "Sources/Models/Encoders/\(type).swift"
    case .experiment: "experiments/\(name).yaml"
    }
  }

  private var source: String {
    switch kind {
    case .loss: ScaffoldTemplates.loss(name, type)
    case .dataset: ScaffoldTemplates.dataset(name, type)
    case .encoder: ScaffoldTemplates.encoder(name, type)
    case .experiment: ScaffoldTemplates.experiment(name)
    }
  }
}
