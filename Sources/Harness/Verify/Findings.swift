import Basics

/// What a check computed again: what agrees with the record, what differs, and what could not be computed here.
protocol Findings {
  /// Things that were computed again and agree.
  var agrees: [String] { get set }
  /// What differs from the record.
  var differs: [String] { get set }
  /// What could not be checked, and why.
  var unchecked: [String] { get set }
}

extension Findings {
  mutating func compare(_ what: String, _ found: String, _ recorded: String) {
    if found == recorded { agrees.append(what) } else { differs.append("\(what): recorded \(recorded), now \(found)") }
  }

  /// As ``compare(_:_:_:)``; a value that the record lacks is no difference.
  mutating func compare(_ what: String, _ found: String, ifRecorded recorded: String?) {
    guard let recorded else { return unchecked.append("\(what) is not recorded") }
    compare(what, found, recorded)
  }
}

extension Verification {
  /// One cell's check.
  public struct Cell: Findings, Sendable, Encodable {
    public let id: String
    public let status: CellResult.Status
    public var agrees: [String] = []
    public var differs: [String] = []
    public var unchecked: [String] = []

    /// Whether it agrees, differs, or has nothing that could be computed again.
    public var isVerified: Bool { differs.isEmpty && status == .ok && !agrees.isEmpty }

    var state: String { !differs.isEmpty ? "DIFFERS" : isVerified ? "agrees" : "not verified" }
  }

  /// The check of what belongs to no cell alone.
  public struct Part: Findings, Sendable, Encodable {
    public var agrees: [String] = []
    public var differs: [String] = []
    public var unchecked: [String] = []
  }
}
