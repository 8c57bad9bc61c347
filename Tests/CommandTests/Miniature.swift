import Basics
import Foundation

/// A folder with a dataset of a few drawn pictures and an experiment on it, small enough to run in seconds.
struct Miniature: Sendable {
  let folder = Program.scratch("mini")
  var experiment: String { folder + "/mini.yaml" }

  init() throws {
    try write(Self.table, "items.csv")
    for item in 0..<Self.count { try write(Self.picture(item), "images/\(item).svg") }
    try write(Self.settings(root: folder + "/items.csv"), "mini.yaml")
  }

  func remove() { try? FileManager.default.removeItem(atPath: folder) }

  func write(_ text: String, _ path: String) throws { try AtomicFile.write(text, to: folder + "/" + path) }

  /// Runs the experiment with results and cache under the folder.
  @discardableResult
  func run(
    _ more: String..., name: String, environment: [String: String] = [:], killedWhen: (() -> Bool)? = nil
  ) throws -> Program {
    try Program.run(
      ["run", experiment, "--results", "\(folder)/results-\(name)"] + more, cache: "\(folder)/cache-\(name)",
      environment: environment, killedWhen: killedWhen)
  }

  /// What `ieum plan` prints, with the same cache.
  func plan(_ more: String..., name: String) throws -> String {
    try Program.run(["plan", experiment] + more, cache: "\(folder)/cache-\(name)").output
  }

  /// Metrics per seed of every cell: `[cell id: [metric: values]]`.
  func metrics(_ name: String) throws -> [String: [String: [Double]]] {
    let cells = "\(folder)/results-\(name)/mini/cells"
    let ids = try FileManager.default.contentsOfDirectory(atPath: cells)
    return Dictionary(
      uniqueKeysWithValues: try ids.map { id in
        let data = try Data(contentsOf: URL(fileURLWithPath: "\(cells)/\(id)/result.json"))
        let json = try JSONSerialization.jsonObject(with: data) as? [String: Any]
        return (id, json?["metrics"] as? [String: [Double]] ?? [:])
      })
  }

  static let count = 36
  private static let shapes = ["circle", "square", "star"]
  private static let colours = ["red", "green", "blue", "black"]

  /// Three classes of twelve, two thirds of each for training.
  private static var table: String {
    let rows = (0..<count).map { item in
      let (shape, colour) = (shapes[item % 3], colours[item / 3 % 4])
      let split = item % 12 < 6 ? "train" : item % 12 < 9 ? "validation" : "test"
      return "i\(item),A \(colour) \(shape) number \(item),images/\(item).svg,\(shape),\(split)"
    }
    return "id,text,images,label,split\n" + rows.joined(separator: "\n") + "\n"
  }

  static func picture(_ item: Int) -> String {
    let (colour, size) = (colours[item / 3 % 4], 10 + item % 20)
    let form = [
      "<circle cx='32' cy='32' r='\(size)' fill='\(colour)'/>",
      "<rect x='8' y='8' width='\(size)' height='\(size)' fill='\(colour)'/>",
      "<polygon points='32,2 40,60 2,\(size) 62,\(size) 20,60' fill='\(colour)'/>",
    ][item % 3]
    return "<svg xmlns='http://www.w3.org/2000/svg' width='64' height='64'>\(form)</svg>"
  }

  private static func settings(root: String) -> String {
    """
    experiment: mini
    base:
      dataset: {name: manifest, root: \(root), language: en}
      text: {encoder: lstm, parameters: {embedding: 8, hidden: 32}}
      image: {encoder: resnet18, weights: random, seed: 7}
      model: {name: text-image, parameters: {widths: "4,4,4", kernels: "4,4,4", normalizeInputs: true}}
      loss: {name: swish-triplet, mining: random}
      training: {epochs: 6, batchSize: 16, learningRate: 0.01, patience: 6}
      evaluation: {metrics: [cappedR@1, cappedR@10, MedR]}
      seeds: [1, 2]
    sweep:
      - table: losses
        rows:
          swish-triplet: {}
          contrastive: {loss: {name: contrastive}}
          VSE: {model: {name: projection}, loss: {name: max-hinge}}
    report:
      tables:
        - {name: losses, from: losses, metric: cappedR@10, title: "R@10 by loss"}

    """
  }
}
