/// What went wrong, where, and the way out: the one error type of all rooms.
///
/// The kind decides the exit status (``exitCode``); the text is made in one place (``description``).
public struct IeumError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What sort of failure this is.
  public enum Kind: String, Sendable {
    /// The caller asked for something that does not exist: exit status 64.
    case usage
    /// Input data or files are missing, damaged or inconsistent: exit status 65.
    case data
    /// A library, the disk or the operating system failed: exit status 1.
    case system
  }

  public let kind: Kind
  /// One sentence: what is wrong.
  public let problem: String
  /// The file it was found in, if any.
  public let file: String?
  /// The place in the file: a line, a key, a tensor, a row.
  public let place: String?
  /// What the user can do about it.
  public let remedy: String?

  public init(_ kind: Kind, _ problem: String, file: String? = nil, place: String? = nil, remedy: String? = nil) {
    self.kind = kind
    self.problem = problem
    self.file = file
    self.place = place
    self.remedy = remedy
  }

  /// 64 for bad usage, 65 for bad input data, 1 otherwise.
  public var exitCode: Int32 {
    switch kind {
    case .usage: 64
    case .data: 65
    case .system: 1
    }
  }

  public var description: String {
    let location = [file, place].compactMap { $0 }.joined(separator: ", ")
    let head = location.isEmpty ? problem : "\(location): \(problem)"
    return remedy.map { "\(head); \($0)" } ?? head
  }
}
