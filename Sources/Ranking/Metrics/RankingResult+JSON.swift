/// The JSON of `ieum eval`, keys as in the metrics table, in a stable order.
extension RankingResult {
  /// The whole result as one JSON object in text form.
  public func json() -> String {
    var members = metrics.map { (name: $0.metric.name, value: "\($0.value)") }
    members.append(("queries", "\(queries)"))
    members.append(("gallery", "\(gallery)"))
    members.append(("similarity", "\"\(similarity.rawValue)\""))
    if let rescoring {
      members.append(("rescoring", "{\"name\": \"\(rescoring.name)\", \"scale\": \(rescoring.scale), \"sees\": \"\(rescoring.sees)\"}"))
    }
    members.append(("ties", "{\"policy\": \"\(policy.rawValue)\", \"queries\": \(tiedQueries)}"))
    if !policies.isEmpty {
      let parts = policies.map { ($0.policy.rawValue, object($0.metrics.map { ($0.metric.name, "\($0.value)") }, 4)) }
      members.append(("policies", object(parts, 2)))
    }
    let intervals = ci95.map { ($0.metric.name, "[\($0.interval.low), \($0.interval.high)]") }
    members.append(("ci95", object(intervals, 2)))
    members.append(("zeroVectors", "\(zeroVectors)"))
    return object(members.map { ($0.name, $0.value) }, 0)
  }

  /// Names hold no character that JSON escapes.
  private func object(_ members: [(String, String)], _ indent: Int) -> String {
    let space = String(repeating: " ", count: indent)
    let lines = members.map { "\(space)  \"\($0.0)\": \($0.1)" }
    return "{\n" + lines.joined(separator: ",\n") + "\n\(space)}"
  }

  /// The same as a dictionary, for `JSONSerialization` and for embedding in larger records.
  public var jsonObject: [String: Any] {
    var object: [String: Any] = [
      "queries": queries, "gallery": gallery, "similarity": similarity.rawValue, "zeroVectors": zeroVectors,
      "ties": ["policy": policy.rawValue, "queries": tiedQueries] as [String: Any],
      "ci95": Dictionary(uniqueKeysWithValues: ci95.map { ($0.metric.name, [$0.interval.low, $0.interval.high]) }),
    ]
    if let rescoring {
      object["rescoring"] = ["name": rescoring.name, "scale": rescoring.scale, "sees": rescoring.sees] as [String: Any]
    }
    for entry in metrics { object[entry.metric.name] = entry.value }
    if !policies.isEmpty {
      object["policies"] = Dictionary(
        uniqueKeysWithValues: policies.map { entry in
          let values = entry.metrics.map { ($0.metric.name, $0.value) }
          return (entry.policy.rawValue, Dictionary(uniqueKeysWithValues: values))
        })
    }
    return object
  }
}
