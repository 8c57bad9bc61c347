/// Finds the known name a user probably meant.
public enum Suggestion {
  /// The candidate with the smallest edit distance to `name`, if it is close enough to be a slip.
  public static func nearest(to name: String, in candidates: some Sequence<String>) -> String? {
    let ranked = candidates.map { ($0, distance(name.lowercased(), $0.lowercased())) }
    guard let best = ranked.min(by: { ($0.1, $0.0) < ($1.1, $1.0) }) else { return nil }
    return best.1 <= max(2, name.count / 2) ? best.0 : nil
  }

  /// An error of kind usage for an unknown name, with the nearest known one.
  public static func unknown(
    _ what: String, _ name: String, known: [String], file: String? = nil, place: String? = nil
  ) -> IeumError {
    let hint = nearest(to: name, in: known).map { "did you mean '\($0)'?" }
    return IeumError(
      .usage, "unknown \(what) '\(name)'", file: file, place: place,
      remedy: hint ?? "known: \(known.joined(separator: ", "))")
  }

  /// Levenshtein distance. O(|a|·|b|) time.
  static func distance(_ a: String, _ b: String) -> Int {
    let (a, b) = (Array(a), Array(b))
    var row = Array(0...b.count)
    for i in 0..<a.count {
      var diagonal = row[0]
      row[0] = i + 1
      for j in 0..<b.count {
        let substitution = diagonal + (a[i] == b[j] ? 0 : 1)
        diagonal = row[j + 1]
        row[j + 1] = min(substitution, row[j] + 1, row[j + 1] + 1)
      }
    }
    return row[b.count]
  }
}
