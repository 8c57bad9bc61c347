/// How triplets are chosen from a batch.
public enum Mining: String, CaseIterable, Sendable {
  /// Every triplet of the batch.
  case all
  /// A negative drawn at random (seeded).
  case random
  /// The nearest negative.
  case hard
  /// The nearest negative in the semi-hard region d(a,p) < d(a,n) < d(a,p) + m (hong2022 eq. 11).
  case semiHard = "semi-hard"
}

/// The part of the space in which a negative is looked for.
enum NegativeRegion {
  case anywhere
  /// Strictly farther than the positive, by strictly less than the margin.
  case semiHard(positive: Double, margin: Double)

  func contains(_ distance: Double) -> Bool {
    switch self {
    case .anywhere: true
    case .semiHard(let positive, let margin): positive < distance && distance < positive + margin
    }
  }

  /// The nearest allowed candidate; of equally near ones the first. Nil where there is none.
  func nearest(_ distances: ArraySlice<Double>, isCandidate: (Int) -> Bool) -> Int? {
    var best: (index: Int, distance: Double)?
    for (index, distance) in distances.enumerated() where isCandidate(index) && contains(distance) {
      if let current = best, current.distance <= distance { continue }
      best = (index, distance)
    }
    return best?.index
  }
}
