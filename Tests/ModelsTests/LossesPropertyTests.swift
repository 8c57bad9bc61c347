import Basics
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

  /// Central differences; steps that change a mined negative or cross a hinge are told by unequal one-sided slopes.
  @Test(arguments: names) func gradientsAreSlopes(_ name: String) throws {
    let spec = try LossRegistry.named(name)
    let inputs = randomInputs(spec, rows: 5, columns: 4, seed: 77)
    // Without its frozen margins the variable-margin loss is a sum of hinges, which is tested under that name.
    guard name != "variable-margin" else { return }
    let ours = try evaluate(name, inputs)
    let step = 1e-6
    var compared = 0
    for input in spec.input.names {
      let (values, shape) = try #require(inputs[input])
      for entry in 0..<values.count {
        func moved(_ by: Double) throws -> Double {
          var (changed, copy) = (inputs, values)
          copy[entry] += by
          changed[input] = (copy, shape)
          return try evaluate(name, changed).value
        }
        let (up, down) = ((try moved(step) - ours.value) / step, (ours.value - (try moved(-step))) / step)
        guard abs(up - down) < 1e-4 else { continue }
        compared += 1
        let gradient = ours.gradients[input]?[entry] ?? .nan
        #expect(abs(gradient - (up + down) / 2) < 1e-6, "/\(input) entry \(entry): \(gradient), slope \((up + down) / 2)")
      }
    }
    #expect(compared > 30)
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
      #expect(try isClose(a.value, evaluate(name, inputs, settings.merging(["normalize": .bool(true)]) { $1 }).value))
    }
  }

  @Test(arguments: ["triplet", "triplet-hard", "sum-hinge", "max-hinge", "variable-margin"])
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

  @Test(arguments: ["max-hinge", "info-nce"]) func bothSidesAreTreatedAlike(_ name: String) throws {
    let inputs = randomInputs(try LossRegistry.named(name), rows: 6, columns: 4, seed: 8)
    let swapped: LossArrays = ["anchors": try #require(inputs["positives"]), "positives": try #require(inputs["anchors"])]
    let (a, b) = (try evaluate(name, inputs), try evaluate(name, swapped))
    #expect(isClose(a.value, b.value))
    #expect(mismatch(a.gradients["anchors"] ?? [], b.gradients["positives"] ?? []) == nil)
  }

  @Test func directionsBothAddsTheOtherSide() throws {
    let inputs = randomInputs(try LossRegistry.named("sum-hinge"), rows: 6, columns: 4, seed: 9)
    let swapped: LossArrays = ["anchors": try #require(inputs["positives"]), "positives": try #require(inputs["anchors"])]
    let both = try evaluate("sum-hinge", inputs, ["directions": .string("both")]).value
    #expect(try isClose(both, evaluate("sum-hinge", inputs).value + evaluate("sum-hinge", swapped).value))
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
