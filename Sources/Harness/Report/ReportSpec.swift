/// What a report shows: the `report:` section of an experiment file.
public struct ReportSpec: Codable, Sendable, Equatable {
  public var title: String
  /// Language of the captions (`en`, `ko`), shown in the page's head.
  public var language: String?
  /// A sentence or two under the title: data and weights, in the experimenter's words.
  public var summary: String?
  public var tables: [TableSpec]
  public var figures: [FigureSpec]
  /// Tables with a metric in each column.
  public var comparisons: [ComparisonSpec]
  /// Queries shown with what they found.
  public var examples: ExamplesSpec?

  public init(
    title: String, language: String? = nil, summary: String? = nil, tables: [TableSpec] = [],
    figures: [FigureSpec] = [], comparisons: [ComparisonSpec] = [], examples: ExamplesSpec? = nil
  ) {
    self.title = title
    self.language = language
    self.summary = summary
    self.tables = tables
    self.figures = figures
    self.comparisons = comparisons
    self.examples = examples
  }

  public init(from decoder: Decoder) throws {
    let box = try decoder.container(keyedBy: CodingKeys.self)
    title = try box.decode(String.self, forKey: .title)
    language = try box.decodeIfPresent(String.self, forKey: .language)
    summary = try box.decodeIfPresent(String.self, forKey: .summary)
    tables = try box.decodeIfPresent([TableSpec].self, forKey: .tables) ?? []
    figures = try box.decodeIfPresent([FigureSpec].self, forKey: .figures) ?? []
    comparisons = try box.decodeIfPresent([ComparisonSpec].self, forKey: .comparisons) ?? []
    examples = try box.decodeIfPresent(ExamplesSpec.self, forKey: .examples)
  }
}

/// One table: a metric over rows and columns of cells.
public struct TableSpec: Codable, Sendable, Equatable {
  /// File name without extension.
  public var name: String
  public var title: String
  public var metric: String
  /// Row and column labels in the order in which they are shown.
  public var rows: [String]
  public var columns: [String]
  /// `<paper>/<table>` whose values stand beside ours.
  public var paper: String?
  /// Label → name in the paper's table, where the built-in aliases do not fit.
  public var aliases: [String: String]?
  public var footnotes: [String]?
  /// The cell that the others are tested against.
  public var baseline: BaselineSpec?

  public init(
    name: String, title: String, metric: String, rows: [String], columns: [String], paper: String? = nil,
    aliases: [String: String]? = nil, footnotes: [String]? = nil, baseline: BaselineSpec? = nil
  ) {
    self.name = name
    self.title = title
    self.metric = metric
    self.rows = rows
    self.columns = columns
    self.paper = paper
    self.aliases = aliases
    self.footnotes = footnotes
    self.baseline = baseline
  }
}

/// What a table's cells are tested against: one cell, or with only a row (column) the cell of that row in each column
/// (of that column in each row).
public struct BaselineSpec: Codable, Sendable, Equatable {
  public var row: String?
  public var column: String?

  public init(row: String? = nil, column: String? = nil) {
    self.row = row
    self.column = column
  }

  /// `untrained`, `ResNet18 / BERT`.
  public var label: String { [row, column].compactMap { $0 }.filter { !$0.isEmpty }.joined(separator: " / ") }
}

/// One figure: `fig31`, or a mapping with the settings that differ from the defaults.
public struct FigureSpec: Codable, Sendable, Equatable {
  /// `fig18`, `fig19`, `fig24`, `fig25`, `fig31` or `fig32`.
  public var name: String
  public var title: String?
  /// The cell whose `train.csv` is drawn (fig24): an id, or `row/column`; default: the first cell with one.
  public var cell: String?
  /// The metric of the bars (fig31).
  public var metric: String?
  /// Methods in the order in which they are shown (fig31); default: as in the results.
  public var rows: [String]?
  /// `<paper>/<table>` beside ours (fig25, fig31).
  public var paper: String?

  public init(
    _ name: String, title: String? = nil, cell: String? = nil, metric: String? = nil, rows: [String]? = nil,
    paper: String? = nil
  ) {
    self.name = name
    self.title = title
    self.cell = cell
    self.metric = metric
    self.rows = rows
    self.paper = paper
  }

  public init(from decoder: Decoder) throws {
    if let name = try? decoder.singleValueContainer().decode(String.self) {
      self.init(name)
      return
    }
    let box = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      try box.decode(String.self, forKey: .name), title: try box.decodeIfPresent(String.self, forKey: .title),
      cell: try box.decodeIfPresent(String.self, forKey: .cell),
      metric: try box.decodeIfPresent(String.self, forKey: .metric),
      rows: try box.decodeIfPresent([String].self, forKey: .rows),
      paper: try box.decodeIfPresent(String.self, forKey: .paper))
  }
}
