import Basics
import Foundation
import Yams

/// A YAML document as plain values that remember where they stand, so that every complaint can name file and line.
public indirect enum ConfigTree: Sendable {
  case scalar(String, quoted: Bool, at: String)
  case list([ConfigTree], at: String)
  case map([Entry], at: String)

  /// One `key: value` of a map, in the order of the file.
  public struct Entry: Sendable {
    public let key: String
    public var value: ConfigTree
  }

  /// Where the value stands, as `file:line`.
  public var place: String {
    switch self {
    case .scalar(_, _, let at), .list(_, let at), .map(_, let at): at
    }
  }

  public static let empty = ConfigTree.map([], at: "")

  /// Reads a YAML file.
  /// - Throws: ``IeumError``: usage when there is no such file; data when it is not YAML or repeats a key.
  public static func read(_ path: String) throws -> ConfigTree {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw IeumError(.data, "cannot be read", file: path, remedy: "check the path of the experiment")
    }
    guard let text = String(validating: data, as: UTF8.self) else {
      throw IeumError(.data, "is not UTF-8", file: path, remedy: "save it as UTF-8")
    }
    return try parse(text, file: path)
  }

  /// Parses YAML text; `file` is used in messages.
  public static func parse(_ text: String, file: String) throws -> ConfigTree {
    try refuseManyAliases(text, file)
    do {
      guard let node = try Yams.compose(yaml: text) else { return .map([], at: "\(file):1") }
      return try ConfigTree(node, file: file, depth: 0)
    } catch let error as YamlError {
      throw IeumError(.data, "is not valid YAML: \(error)", file: file, remedy: "mend the line it names")
    }
  }

  /// Deeper than any settings, and shallow enough for the stack of any thread.
  private static let maximumDepth = 64

  /// An alias stands for a copy of what it names: a few dozen that name each other would be a file of any size.
  private static func refuseManyAliases(_ text: String, _ file: String) throws {
    var (aliases, anchors, previous) = (0, 0, UInt8(ascii: " "))
    for byte in text.utf8 {
      let starts = previous <= 32 || "[{,:-?".utf8.contains(previous)
      if starts, byte == UInt8(ascii: "*") { aliases += 1 }
      if starts, byte == UInt8(ascii: "&") { anchors += 1 }
      previous = byte
    }
    guard anchors > 0, aliases > 8 else { return }
    throw IeumError(.data, "uses \(aliases) aliases (*name)", file: file, remedy: "write the values out; 8 are allowed")
  }

  private init(_ node: Node, file: String, depth: Int) throws {
    let place = "\(file):\(node.mark?.line ?? 1)"
    guard depth < Self.maximumDepth else {
      throw IeumError(.data, "is nested more than \(Self.maximumDepth) levels deep", place: place)
    }
    switch node {
    case .scalar(let scalar):
      let quoted = scalar.style == .singleQuoted || scalar.style == .doubleQuoted
      self = .scalar(scalar.string, quoted: quoted, at: place)
    case .sequence(let sequence):
      self = .list(try sequence.map { try ConfigTree($0, file: file, depth: depth + 1) }, at: place)
    case .mapping(let mapping):
      var entries: [Entry] = []
      for (key, value) in mapping {
        guard let name = key.string else {
          throw IeumError(.data, "a key must be a plain word", place: place, remedy: "write 'key: value'")
        }
        entries.append(Entry(key: name, value: try ConfigTree(value, file: file, depth: depth + 1)))
      }
      self = .map(entries, at: place)
    case .alias:
      throw IeumError(.data, "an alias is not supported here", place: place, remedy: "write the value out")
    }
  }

  public subscript(_ key: String) -> ConfigTree? {
    guard case .map(let entries, _) = self else { return nil }
    return entries.first { $0.key == key }?.value
  }

  /// This tree with `other` laid over it: maps merge key by key, anything else is replaced. A section that names
  /// another thing (another `name:` or `encoder:`) starts afresh: settings of the old one would not fit the new.
  public func merged(with other: ConfigTree) -> ConfigTree {
    guard case .map(var entries, _) = self, case .map(let additions, let at) = other, !other.namesAnother(than: self)
    else { return other }
    for addition in additions {
      if let index = entries.firstIndex(where: { $0.key == addition.key }) {
        entries[index].value = entries[index].value.merged(with: addition.value)
      } else {
        entries.append(addition)
      }
    }
    return .map(entries, at: at)
  }

  private func namesAnother(than base: ConfigTree) -> Bool {
    ["name", "encoder"].contains { key in
      guard let mine = self[key], let theirs = base[key] else { return false }
      return mine.canonical != theirs.canonical
    }
  }

  /// This tree with the value at a dotted path replaced; missing maps on the way are made. An item of a list goes by its
  /// `table` or `name` (`sweep.encoders.rows…`), or by its number from 0.
  public func setting(_ path: [String], to value: ConfigTree) -> ConfigTree {
    guard let key = path.first else { return value }
    if case .list(var items, let at) = self, let index = ConfigTree.index(of: key, in: items) {
      items[index] = items[index].setting(Array(path.dropFirst()), to: value)
      return .list(items, at: at)
    }
    var entries: [Entry] = []
    if case .map(let existing, _) = self { entries = existing }
    let rest = Array(path.dropFirst())
    if let index = entries.firstIndex(where: { $0.key == key }) {
      entries[index].value = rest.isEmpty ? value : entries[index].value.setting(rest, to: value)
    } else {
      entries.append(Entry(key: key, value: ConfigTree.map([], at: value.place).setting(rest, to: value)))
    }
    return .map(entries, at: place)
  }

  private static func index(of key: String, in items: [ConfigTree]) -> Int? {
    if let number = Int(key) { return items.indices.contains(number) ? number : nil }
    return items.firstIndex { item in
      guard case .scalar(let label, _, _)? = item["table"] ?? item["name"] else { return false }
      return label == key
    }
  }

  /// This tree without one of its keys.
  public func removing(_ key: String) -> ConfigTree {
    guard case .map(let entries, let at) = self else { return self }
    return .map(entries.filter { $0.key != key }, at: at)
  }

  /// The tree as JSON text with sorted keys: equal settings give equal text, whatever their order in the file.
  public var canonical: String {
    switch self {
    case .scalar(let text, _, _): ConfigTree.quote(text)
    case .list(let items, _): "[" + items.map(\.canonical).joined(separator: ",") + "]"
    case .map(let entries, _):
      "{" + entries.sorted { $0.key < $1.key }
        .map { ConfigTree.quote($0.key) + ":" + $0.value.canonical }.joined(separator: ",") + "}"
    }
  }

  /// Every scalar, list (as JSON) and empty map (`{}`) with its dotted path, in the order of the file.
  public var flattened: [(path: String, value: String)] {
    switch self {
    case .scalar(let text, _, _): return [("", text)]
    case .list: return [("", canonical)]
    case .map(let entries, _) where entries.isEmpty: return [("", canonical)]
    case .map(let entries, _):
      return entries.flatMap { entry in
        entry.value.flattened.map { (($0.path.isEmpty ? entry.key : entry.key + "." + $0.path), $0.value) }
      }
    }
  }

  private static func quote(_ text: String) -> String {
    let data = try? JSONEncoder().encode(text)
    return data.flatMap { String(data: $0, encoding: .utf8) } ?? "\"\""
  }
}
