import Basics

/// Collects everything that is wrong with a configuration, so that a user sees all of it at once.
public final class ConfigProblems {
  public private(set) var messages: [String] = []

  public init() {}

  func add(_ place: String, _ message: String) { messages.append("\(place): \(message)") }

  /// Throws one usage error with every problem found so far; returns when there is none.
  public func check() throws {
    guard !messages.isEmpty else { return }
    throw IeumError(.usage, messages.joined(separator: "\n"), remedy: "mend the configuration and run again")
  }
}

/// Reads the keys of one map strictly: what is asked for is known, anything else is a problem.
public final class ConfigReader {
  private let tree: ConfigTree
  private let path: String
  private let problems: ConfigProblems
  private var known: [String] = []

  /// - Parameters:
  ///   - tree: a map, or `nil` when the section is absent.
  ///   - path: the section's dotted path, for messages.
  public init(_ tree: ConfigTree?, path: String, problems: ConfigProblems) {
    self.tree = tree ?? .empty
    self.path = path
    self.problems = problems
    if case .map = self.tree { return }
    problems.add(self.tree.place, "'\(path)' must be a map of settings")
  }

  public func tree(_ key: String) -> ConfigTree? {
    known.append(key)
    return tree[key]
  }

  /// Whether the map has this key; it still has to be read.
  public func has(_ key: String) -> Bool { tree[key] != nil }

  public func section(_ key: String) -> ConfigReader {
    ConfigReader(tree(key), path: path.isEmpty ? key : "\(path).\(key)", problems: problems)
  }

  public func string(_ key: String, default fallback: String? = nil) -> String {
    value(key, fallback, "a text") { text, _ in text }
  }

  public func optionalString(_ key: String) -> String? {
    guard tree(key) != nil else { return nil }
    known.removeLast()
    let text = string(key)
    return text.isEmpty || text == "~" || text == "null" ? nil : text
  }

  public func choice(_ key: String, _ choices: [String], default fallback: String) -> String {
    let text = string(key, default: fallback)
    if !choices.contains(text) {
      let hint = Suggestion.nearest(to: text, in: choices).map { "; did you mean '\($0)'?" } ?? ""
      problems.add(place(key), "'\(full(key))' cannot be '\(text)' (\(choices.joined(separator: ", ")))\(hint)")
      return fallback
    }
    return text
  }

  public func optionalChoice(_ key: String, _ choices: [String]) -> String? {
    guard tree(key) != nil else { return nil }
    known.removeLast()
    return choice(key, choices, default: choices[0])
  }

  public func int(_ key: String, default fallback: Int? = nil, in range: ClosedRange<Int> = 1...Int.max) -> Int {
    let number = value(key, fallback, "a whole number") { text, quoted in quoted ? nil : Int(text) }
    if !range.contains(number), tree[key] != nil {
      problems.add(place(key), "'\(full(key))' is \(number), outside \(range.lowerBound)…\(range.upperBound)")
    }
    return number
  }

  public func double(_ key: String, default fallback: Double? = nil, in range: ClosedRange<Double> = 0...1e9) -> Double {
    let number = value(key, fallback, "a number") { text, quoted in quoted ? nil : Double(text) }
    if !range.contains(number), tree[key] != nil {
      problems.add(place(key), "'\(full(key))' is \(number), outside \(range.lowerBound)…\(range.upperBound)")
    }
    return number
  }

  public func optionalDouble(_ key: String, in range: ClosedRange<Double> = 0...1e9) -> Double? {
    guard tree[key] != nil else {
      _ = tree(key)
      return nil
    }
    return double(key, in: range)
  }

  public func bool(_ key: String, default fallback: Bool) -> Bool {
    value(key, fallback, "true or false") { text, quoted in quoted ? nil : Bool(text) }
  }

  public func ints(_ key: String, default fallback: [Int]) -> [Int] {
    list(key, fallback) { Int($0) }
  }

  public func strings(_ key: String, default fallback: [String]) -> [String] {
    list(key, fallback) { $0 }
  }

  /// The remaining keys of this map as parameters of a registered thing, to be checked against its declarations.
  public func parameters(_ key: String) -> [String: Scalar] {
    guard let section = tree(key) else { return [:] }
    guard case .map(let entries, _) = section else {
      problems.add(section.place, "'\(full(key))' must be a map of parameters")
      return [:]
    }
    var values: [String: Scalar] = [:]
    for entry in entries {
      guard case .scalar(let text, let quoted, let at) = entry.value else {
        problems.add(entry.value.place, "'\(full(key)).\(entry.key)' must be a single value")
        continue
      }
      if values[entry.key] != nil { problems.add(at, "'\(entry.key)' is set twice") }
      values[entry.key] = quoted ? .string(text) : Scalar(parsing: text)
    }
    return values
  }

  /// Reports every key that nobody asked for, with the nearest one that somebody did.
  public func finish() {
    guard case .map(let entries, _) = tree else { return }
    for entry in entries where !known.contains(entry.key) {
      let hint = Suggestion.nearest(to: entry.key, in: known).map { "; did you mean '\($0)'?" }
      let place = path.isEmpty ? "" : " in '\(path)'"
      problems.add(
        entry.value.place,
        "unknown key '\(entry.key)'\(place)\(hint ?? "; known: \(known.joined(separator: ", "))")")
    }
  }

  public func problem(_ key: String, _ message: String) { problems.add(place(key), message) }

  private func full(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

  private func place(_ key: String) -> String { (tree[key] ?? tree).place }

  private func value<T>(_ key: String, _ fallback: T?, _ what: String, _ convert: (String, Bool) -> T?) -> T {
    known.append(key)
    guard let node = tree[key] else {
      if let fallback { return fallback }
      problems.add(tree.place, "'\(full(key))' is missing")
      return placeholder(T.self)
    }
    if case .scalar(let text, let quoted, _) = node, let converted = convert(text, quoted) { return converted }
    problems.add(node.place, "'\(full(key))' must be \(what)")
    return fallback ?? placeholder(T.self)
  }

  private func list<T>(_ key: String, _ fallback: [T], _ convert: (String) -> T?) -> [T] {
    known.append(key)
    guard let node = tree[key] else { return fallback }
    guard case .list(let items, _) = node else {
      problems.add(node.place, "'\(full(key))' must be a list")
      return fallback
    }
    return items.compactMap { item in
      if case .scalar(let text, _, _) = item, let converted = convert(text) { return converted }
      problems.add(item.place, "'\(full(key))' has an entry of the wrong type")
      return nil
    }
  }

  /// A stand-in after a problem was recorded; ``ConfigProblems/check()`` throws before it can be used.
  private func placeholder<T>(_ type: T.Type) -> T {
    if let value = "" as? T { return value }
    if let value = 0 as? T { return value }
    if let value = 0.0 as? T { return value }
    if let value = false as? T { return value }
    preconditionFailure("no placeholder for \(type)")
  }
}
