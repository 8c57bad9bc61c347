/// Collects the errors of independent look-ups, so that a user who has to fetch five files hears of five.
public struct ProblemList {
  private var problems: [IeumError] = []

  public init() {}

  public var isEmpty: Bool { problems.isEmpty }

  /// The value, or nil after noting why there is none.
  @discardableResult
  public mutating func collect<Value>(_ body: () throws -> Value) -> Value? {
    do { return try body() } catch let error as IeumError { add(error) } catch { add(IeumError(.system, "\(error)")) }
    return nil
  }

  /// Once each: two look-ups may lack the same file.
  public mutating func add(_ error: IeumError) {
    if !problems.contains(where: { $0.description == error.description }) { problems.append(error) }
  }

  /// All of them as one, the first with its file and place, the others after its way out; of usage where one is.
  public var error: IeumError {
    guard let first = problems.first else { return IeumError(.system, "something is missing") }
    if problems.count == 1 { return first }
    let kind = problems.first { $0.kind == .usage }?.kind ?? first.kind
    let rest = problems.dropFirst().map(\.description)
    return IeumError(
      kind, first.problem, file: first.file, place: first.place,
      remedy: ([first.remedy ?? "and more"] + rest).joined(separator: "\n    "))
  }

  /// - Throws: ``error`` where there is one.
  public func check() throws {
    if !problems.isEmpty { throw error }
  }
}
