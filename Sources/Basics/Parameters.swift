/// A scalar setting of an encoder, loss or model.
public enum Scalar: Sendable, Hashable, CustomStringConvertible {
  case bool(Bool)
  case int(Int)
  case double(Double)
  case string(String)

  /// Reads a command-line value: `true`/`false`, an integer, a number, otherwise a string.
  public init(parsing text: String) {
    if let value = Bool(text) {
      self = .bool(value)
    } else if let value = Int(text) {
      self = .int(value)
    } else if let value = Double(text) {
      self = .double(value)
    } else {
      self = .string(text)
    }
  }

  public var description: String {
    switch self {
    case .bool(let value): String(value)
    case .int(let value): String(value)
    case .double(let value): String(value)
    case .string(let value): value
    }
  }
}

/// Declares one parameter of a registered thing: its name, default and meaning. The default's case is its type.
public struct ParameterSpec: Sendable {
  public let name: String
  public let defaultValue: Scalar
  public let summary: String
  /// The allowed values of a string parameter; empty = any.
  public let choices: [String]

  public init(_ name: String, default defaultValue: Scalar, _ summary: String, choices: [String] = []) {
    self.name = name
    self.defaultValue = defaultValue
    self.summary = summary
    self.choices = choices
  }
}

/// Parameter values checked against their declarations, defaults filled in.
public struct Parameters: Sendable, Hashable {
  public let values: [String: Scalar]

  /// - Parameters:
  ///   - given: what the user set.
  ///   - specs: what the registered thing declares.
  ///   - owner: its name, for messages (`loss 'triplet'`).
  /// - Throws: ``IeumError`` (usage) for an unknown name, a wrong type or a value that is not among the choices.
  public init(_ given: [String: Scalar], specs: [ParameterSpec], owner: String) throws {
    var values = Dictionary(uniqueKeysWithValues: specs.map { ($0.name, $0.defaultValue) })
    for (name, value) in given.sorted(by: { $0.key < $1.key }) {
      guard let spec = specs.first(where: { $0.name == name }) else {
        throw Suggestion.unknown("parameter", name, known: specs.map(\.name), place: owner)
      }
      values[name] = try Parameters.converted(value, to: spec, owner: owner)
    }
    self.values = values
  }

  private static func converted(_ value: Scalar, to spec: ParameterSpec, owner: String) throws -> Scalar {
    switch (spec.defaultValue, value) {
    case (.double, .int(let number)): return .double(Double(number))
    case (.double, .double(let number)) where number.isFinite: return value
    case (.int, .int), (.bool, .bool): return value
    case (.string, _):
      let text = value.description
      if !spec.choices.isEmpty, !spec.choices.contains(text) {
        throw Suggestion.unknown("value of '\(spec.name)':", text, known: spec.choices, place: owner)
      }
      return .string(text)
    default:
      throw IeumError(
        .usage, "parameter '\(spec.name)' cannot be '\(value)'", place: owner,
        remedy: "give a value like its default, \(spec.defaultValue)")
    }
  }

  public func double(_ name: String) -> Double {
    if case .double(let value)? = values[name] { return value }
    preconditionFailure("parameter '\(name)' is not declared as a number")
  }

  public func int(_ name: String) -> Int {
    if case .int(let value)? = values[name] { return value }
    preconditionFailure("parameter '\(name)' is not declared as an integer")
  }

  public func bool(_ name: String) -> Bool {
    if case .bool(let value)? = values[name] { return value }
    preconditionFailure("parameter '\(name)' is not declared as a boolean")
  }

  public func string(_ name: String) -> String {
    if case .string(let value)? = values[name] { return value }
    preconditionFailure("parameter '\(name)' is not declared as a string")
  }
}
