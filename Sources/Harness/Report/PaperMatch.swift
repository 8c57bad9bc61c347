/// A published number found for one of our cells.
public struct PublishedValue: Sendable, Equatable {
  /// In the unit of our metric.
  public let value: Double
  public let row: String
  public let column: String
  /// False when the paper's encoder is only of the same family (ResNet-152 beside our ResNet-50).
  public let isSameMethod: Bool
}

/// Finds published numbers by names: spelling is ignored, known synonyms and encoder families are understood.
struct PaperMatch {
  /// Our name → the paper's, for the same thing.
  private static let synonyms: [String: String] = [
    // The thesis prints 151 for the network of 152 layers.
    "resnet152": "resnet151",
    "knnpca": "knn", "contrastive": "contrastiveloss", "untrainedprojection": "untrained",
    "triplethard": "triplethardnegatives", "tripletsemihard": "tripletsemihardnegatives",
    "vsepp": "vse", "vsegru": "vse", "vseplusplus": "vse", "maxhinge": "vse",
    "swishtriplet": "proposed", "improvedtriplet": "proposed", "word2veckorean": "word2vec", "val": "validation",
  ]
  /// Beginning of our name → the paper's relative.
  private static let families: [(prefix: String, paper: String)] = [
    ("resnet", "resnet151"), ("inception", "inceptionv3"), ("efficientnet", "efficientnetb7"),
    ("bert", "kobert"), ("minilm", "kobert"), ("word2vec", "word2vec"), ("glove", "word2vec"),
  ]

  let table: PaperTable
  let aliases: [String: String]

  init(_ table: PaperTable, aliases: [String: String] = [:]) {
    self.table = table
    self.aliases = aliases
  }

  /// The published number for our labels, or nil. `column` nil = the paper's only column for that row.
  func value(row: String, column: String?, metric: MetricStyle) -> PublishedValue? {
    let entries = table.entries.filter { $0.metric == metric.name }
    guard let rowName = name(row, among: entries.map(\.row)) else { return nil }
    let inRow = entries.filter { $0.row == rowName.text }
    guard let column else {
      guard inRow.count == 1, let entry = inRow.first else { return nil }
      return published(entry, metric, same: rowName.same)
    }
    guard let columnName = name(column, among: inRow.map(\.column)),
      let entry = inRow.first(where: { $0.column == columnName.text })
    else { return nil }
    return published(entry, metric, same: rowName.same && columnName.same)
  }

  private func published(_ entry: PaperTable.Entry, _ metric: MetricStyle, same: Bool) -> PublishedValue {
    PublishedValue(
      value: metric.converted(entry.value, from: entry.unit), row: entry.row, column: entry.column,
      isSameMethod: same)
  }

  private struct Found {
    let text: String
    let same: Bool
  }

  private func name(_ label: String, among names: [String]) -> Found? {
    func find(_ key: String, same: Bool) -> Found? {
      names.first { PaperMatch.key($0) == key }.map { Found(text: $0, same: same) }
    }
    if let alias = aliases[label] { return find(PaperMatch.key(alias), same: true) }
    let key = PaperMatch.key(label)
    if let found = find(key, same: true) { return found }
    if let synonym = PaperMatch.synonyms[key], let found = find(synonym, same: true) { return found }
    guard let family = PaperMatch.families.first(where: { key.hasPrefix($0.prefix) }) else { return nil }
    return find(family.paper, same: false)
  }

  /// Lower-case letters and digits only.
  static func key(_ name: String) -> String { String(name.lowercased().filter { $0.isLetter || $0.isNumber }) }
}
