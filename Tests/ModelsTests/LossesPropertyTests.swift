import Basics
import Foundation
import Models
import Testing

@Suite struct LossesPropertyTests {
  static let names = LossRegistry.all.map(\.name)

  @Test(arguments: names) func agreesWithPlainLoops(_ name: String) throws {
    let spec = try LossRegistry.named(name)
    for seed in 0..<20 as Range<UInt64> {
      let inputs = randomInputs(spec, rows: 2 + Int(seed % 7), columns: 3, seed: seed)
      let (ours, expected) = (try evaluate(name, inputs).value, LossOracle.value(name, inputs))
      #expect(isClose(ours, expected), "seed \(seed): \(ours) against \(expected)")
    }
  }

  /// Central differences; steps that change a mined negative or cross a hinge are told by unequal one-sided
  /// slopes.
  @Test(arguments: names) func gradientsAreSlopes(_ name: String) throws {
    let spec = try LossRegistry.named(name)
    let inputs = randomInputs(spec, rows: 5, columns: 4, seed: 77)
    // Without its frozen margins the variable-margin loss is a sum of hinges, which is tested under that
    // name; the four-term loss is tested with margins of one size.
    guard name != "variable-margin" else { return }
    try Self.compareSlopes(name, inputs, name == "four-term" ? ["variable": .string("none")] : [:])
  }

  /// The same with queued negatives, mined negatives and a learned scale.
  @Test(arguments: ["sum-hinge", "max-hinge", "info-nce"]) func gradientsAreSlopesWithAQueue(_ name: String) throws {
    var inputs = randomInputs(try LossRegistry.named(name), rows: 5, columns: 4, seed: 78)
    let queued = randomInputs(try LossRegistry.named(name), rows: 3, columns: 4, seed: 79)
    inputs["queue_anchors"] = queued["anchors"]
    inputs["queue_positives"] = queued["positives"]
    let settings: [String: [String: Scalar]] = [
      "sum-hinge": ["directions": .string("both"), "mining": .string("semi-hard"), "margin": .double(1.2)],
      "info-nce": ["learned": .bool(true), "temperature": .double(0.5)],
    ]
    try Self.compareSlopes(name, inputs, settings[name] ?? [:])
  }

  private static func compareSlopes(_ name: String, _ inputs: LossArrays, _ settings: [String: Scalar]) throws {
    let spec = try LossRegistry.named(name)
    let ours = try evaluate(name, inputs, settings)
    let step = 1e-6
    var compared = 0
    for input in spec.input.names {
      let (values, shape) = try #require(inputs[input])
      for entry in 0..<values.count {
        func moved(_ by: Double) throws -> Double {
          var (changed, copy) = (inputs, values)
          copy[entry] += by
          changed[input] = (copy, shape)
          return try evaluate(name, changed, settings).value
        }
        let (up, down) = ((try moved(step) - ours.value) / step, (ours.value - (try moved(-step))) / step)
        guard abs(up - down) < 1e-4 else { continue }
        compared += 1
        let gradient = ours.gradients[input]?[entry] ?? .nan
        #expect(
          abs(gradient - (up + down) / 2) < 1e-6,
          "/\(input) entry \(entry): \(gradient), slope \((up + down) / 2)")
      }
    }
    #expect(compared > 30)
  }

  @Test func theLearnedScaleHasItsSlope() throws {
    let inputs = randomInputs(try LossRegistry.named("info-nce"), rows: 6, columns: 4, seed: 80)
    func value(_ logarithm: Double) throws -> LossEvaluation {
      try evaluate("info-nce", inputs, ["learned": .bool(true), "temperature": .double(exp(-logarithm))])
    }
    let slope = (try value(1.5 + 1e-6).value - value(1.5 - 1e-6).value) / 2e-6
    #expect(abs((try value(1.5).gradients["logit_scale"]?.first ?? .nan) - slope) < 1e-6)
    let fixed = try evaluate("info-nce", inputs, ["temperature": .double(exp(-1.5))])
    #expect(try isClose(value(1.5).value, fixed.value))
  }

  @Test(arguments: names) func orderOfRowsDoesNotMatter(_ name: String) throws {
    let spec = try LossRegistry.named(name)
    for seed in 0..<10 as Range<UInt64> {
      var generator = SeededGenerator(seed: seed)
      let inputs = randomInputs(spec, rows: 6, columns: 4, seed: seed)
      let order = Array(0..<6).shuffled(using: &generator)
      let (a, b) = (try evaluate(name, inputs), try evaluate(name, permuted(inputs, by: order)))
      #expect(isClose(a.value, b.value), "seed \(seed)")
      for input in spec.input.names {
        let moved = permuted([input: (a.gradients[input] ?? [], [6, 4])], by: order)
        #expect(mismatch(moved[input]?.0 ?? [], b.gradients[input] ?? []) == nil, "seed \(seed), /\(input)")
      }
    }
  }

  @Test(arguments: names) func cosineIgnoresScale(_ name: String) throws {
    let spec = try LossRegistry.named(name)
    let key = spec.parameters.contains { $0.name == "distance" } ? "distance" : "similarity"
    for seed in 0..<10 as Range<UInt64> {
      let inputs = randomInputs(spec, rows: 5, columns: 4, seed: seed)
      var scaled = inputs
      for input in spec.input.names { scaled[input] = inputs[input].map { ($0.0.map { $0 * 37 }, $0.1) } }
      let settings: [String: Scalar] = [key: .string("cosine")]
      let (a, b) = (try evaluate(name, inputs, settings), try evaluate(name, scaled, settings))
      #expect(isClose(a.value, b.value), "seed \(seed)")
      #expect(
        try isClose(
          a.value, evaluate(name, inputs, settings.merging(["normalize": .bool(true)]) { $1 }).value))
    }
  }

  @Test(arguments: ["triplet", "triplet-hard", "sum-hinge", "max-hinge", "variable-margin", "four-term"])
  func aLargerMarginNeverLowersTheLoss(_ name: String) throws {
    let spec = try LossRegistry.named(name)
    for seed in 0..<10 as Range<UInt64> {
      let inputs = randomInputs(spec, rows: 5, columns: 4, seed: seed)
      let values = try [0.0, 0.1, 0.5, 2].map { try evaluate(name, inputs, ["margin": .double($0)]).value }
      #expect(zip(values, values.dropFirst()).allSatisfy { $0 <= $1 }, "seed \(seed): \(values)")
      #expect(values[0] < values[3], "seed \(seed)")
    }
  }

  @Test(arguments: names) func sumIsRowsTimesMean(_ name: String) throws {
    let inputs = randomInputs(try LossRegistry.named(name), rows: 7, columns: 4, seed: 5)
    let (mean, sum) = (try evaluate(name, inputs), try evaluate(name, inputs, ["reduction": .string("sum")]))
    #expect(isClose(sum.value, 7 * mean.value))
  }

  @Test(arguments: ["max-hinge", "info-nce", "mil-nce"]) func bothSidesAreTreatedAlike(_ name: String) throws {
    let inputs = randomInputs(try LossRegistry.named(name), rows: 6, columns: 4, seed: 8)
    let swapped: LossArrays = [
      "anchors": try #require(inputs["positives"]), "positives": try #require(inputs["anchors"]),
    ]
    let (a, b) = (try evaluate(name, inputs), try evaluate(name, swapped))
    #expect(isClose(a.value, b.value))
    #expect(mismatch(a.gradients["anchors"] ?? [], b.gradients["positives"] ?? []) == nil)
  }

  @Test func directionsBothAddsTheOtherSide() throws {
    let inputs = randomInputs(try LossRegistry.named("sum-hinge"), rows: 6, columns: 4, seed: 9)
    let swapped: LossArrays = [
      "anchors": try #require(inputs["positives"]), "positives": try #require(inputs["anchors"]),
    ]
    let both = try evaluate("sum-hinge", inputs, ["directions": .string("both")]).value
    #expect(try isClose(both, evaluate("sum-hinge", inputs).value + evaluate("sum-hinge", swapped).value))
  }

  @Test func theHardestOfBothSidesIsMaxHinge() throws {
    let inputs = randomInputs(try LossRegistry.named("sum-hinge"), rows: 6, columns: 4, seed: 11)
    let mined = try evaluate("sum-hinge", inputs, ["directions": .string("both"), "mining": .string("hard")])
    let expected = try evaluate("max-hinge", inputs)
    #expect(isClose(mined.value, expected.value))
    #expect(mismatch(mined.gradients["anchors"] ?? [], expected.gradients["anchors"] ?? []) == nil)
  }

  /// Semi-hard leaves out negatives that are more similar than the positive: one anchor, three scores.
  @Test func semiHardSkipsHarderNegatives() throws {
    // Only row 0 has hinges within the margin: its own score is 0.6, the others' 0.9 (harder) and 0.5.
    let inputs: LossArrays = [
      "anchors": ([1, 0, 0, 0, 10, 0, 0, 0, 10], [3, 3]), "positives": ([0.6, 0, 0, 0.9, 10, 0, 0.5, 0, 10], [3, 3]),
    ]
    let settings: [String: Scalar] = ["similarity": .string("dot"), "reduction": .string("sum"), "margin": .double(0.2)]
    func value(_ mining: String) throws -> Double {
      try evaluate("sum-hinge", inputs, settings.merging(["mining": .string(mining)]) { $1 }).value
    }
    #expect(try isClose(value("semi-hard"), 0.1))
    #expect(try isClose(value("hard"), 0.5))
    #expect(try isClose(value("all"), 0.6))
  }

  @Test func fourTermsAreTheSumOfTheirParts() throws {
    let inputs = randomInputs(try LossRegistry.named("four-term"), rows: 6, columns: 4, seed: 12)
    let whole = try evaluate("four-term", inputs, ["margin": .double(0.4)])
    var sum = 0.0
    for partner in ["audio", "text"] {
      let there: LossArrays = ["anchors": try #require(inputs["image"]), "positives": try #require(inputs[partner])]
      let back: LossArrays = ["anchors": try #require(inputs[partner]), "positives": try #require(inputs["image"])]
      sum += try evaluate("variable-margin", there, ["margin": .double(0.4)]).value
      sum += try evaluate("sum-hinge", back, ["margin": .double(0.4)]).value
    }
    #expect(isClose(whole.value, sum))
  }

  /// Queued pairs count as further rows of the other side, and as nothing else.
  @Test(arguments: ["sum-hinge", "max-hinge", "variable-margin", "info-nce"])
  func moreQueuedNegativesNeverLowerTheLoss(_ name: String) throws {
    let spec = try LossRegistry.named(name)
    var inputs = randomInputs(spec, rows: 5, columns: 4, seed: 13)
    let without = try evaluate(name, inputs).value
    let queued = randomInputs(spec, rows: 8, columns: 4, seed: 14)
    (inputs["queue_anchors"], inputs["queue_positives"]) = (queued["anchors"], queued["positives"])
    let with = try evaluate(name, inputs)
    #expect(with.value > without)
    #expect(Set(with.gradients.keys) == Set(spec.input.names))
  }

  /// With equal anchors the margin is δ·σ(−1) for every pair: a sum of hinges with that margin.
  @Test func variableMarginIsASumOfHingesWithThatMargin() throws {
    var inputs = randomInputs(try LossRegistry.named("variable-margin"), rows: 4, columns: 3, seed: 10)
    inputs["anchors"] = ([Double](repeating: 0, count: 4).flatMap { _ in [0.3, -1.2, 0.5] }, [4, 3])
    let ours = try evaluate("variable-margin", inputs, ["margin": .double(0.6)])
    let expected = try evaluate("sum-hinge", inputs, ["margin": .double(0.6 * LossOracle.sigmoid(-1))])
    #expect(isClose(ours.value, expected.value))
    for input in ["anchors", "positives"] {
      #expect(mismatch(ours.gradients[input] ?? [], expected.gradients[input] ?? []) == nil)
    }
  }
}
