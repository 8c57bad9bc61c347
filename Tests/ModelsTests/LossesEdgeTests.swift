import Basics
import Models
import Testing

@Suite struct LossesEdgeTests {
  static let names = LossRegistry.all.map(\.name)
  static let inBatch = LossRegistry.all.filter { [.pairs, .bags, .modalities].contains($0.input) }.map(\.name)

  @Test(arguments: inBatch) func oneRowIsZeroWithZeroGradients(_ name: String) throws {
    let ours = try evaluate(name, randomInputs(try LossRegistry.named(name), rows: 1, columns: 4, seed: 1))
    #expect(ours.value == 0)
    for (input, gradient) in ours.gradients {
      #expect(gradient.count == 4 && gradient.allSatisfy { $0 == 0 }, "/\(input)")
    }
  }

  /// All equal, zero, duplicated, huge and tiny rows: values and gradients stay finite.
  @Test(arguments: names) func staysFinite(_ name: String) throws {
    let spec = try LossRegistry.named(name)
    let random = randomInputs(spec, rows: 4, columns: 3, seed: 2)
    func map(_ change: (Int, Double) -> Double) -> LossArrays {
      var inputs = random
      for input in spec.input.names {
        inputs[input] = random[input].map { ($0.0.enumerated().map { change($0.offset, $0.element) }, $0.1) }
      }
      return inputs
    }
    let cases: [(String, LossArrays)] = [
      ("all equal", map { _, _ in 0.5 }), ("all zero", map { _, _ in 0 }),
      ("one zero row", map { $0 < 3 ? 0 : $1 }), ("huge", map { $1 * 1e100 }), ("tiny", map { $1 * 1e-180 }),
      ("two sizes", map { $0 % 2 == 0 ? $1 * 1e90 : $1 * 1e-90 }),
    ]
    let keys = spec.parameters.map(\.name)
    let settings: [[String: Scalar]] =
      [[:], ["normalize": .bool(true)]] + (keys.contains("distance") ? [["distance": .string("cosine")]] : [])
    for (what, inputs) in cases {
      for setting in settings {
        let ours = try evaluate(name, inputs, setting)
        #expect(ours.value.isFinite, "\(what), \(setting)")
        for (input, gradient) in ours.gradients {
          #expect(gradient.allSatisfy { $0.isFinite }, "\(what), \(setting), /\(input): \(gradient)")
        }
      }
    }
  }

  @Test func zeroDistanceHasTheSubgradientZero() throws {
    let row: ([Double], [Int]) = ([1, 2, 3], [1, 3])
    let ours = try evaluate("triplet", ["anchors": row, "positives": row, "negatives": row])
    #expect(ours.value == 0.2)
    #expect(ours.gradients.values.allSatisfy { $0.allSatisfy { $0 == 0 } })
  }

  @Test func tinyDistancesKeepTheirDirection() throws {
    let ours = try evaluate(
      "swish-triplet",
      [
        "anchors": ([0, 0], [1, 2]), "positives": ([3e-200, 4e-200], [1, 2]), "negatives": ([0, 0], [1, 2]),
      ])
    // Z·σ(Z) has the slope ½ at 0; the direction of the positive is (0.6, 0.8).
    #expect(mismatch(ours.gradients["positives"] ?? [], [0.3, 0.4]) == nil)
  }

  /// Positives at the very distance of the negatives are outside the semi-hard region, whose bounds are
  /// strict.
  @Test func duplicatesAreNotSemiHard() throws {
    let anchors: ([Double], [Int]) = ([0.1, 0.2, 0.3, -0.4, 0.5, 0.6], [2, 3])
    let positives: ([Double], [Int]) = ([0.7, 0.11, 0.13, 0.7, 0.11, 0.13], [2, 3])
    let ours = try evaluate("triplet-semihard", ["anchors": anchors, "positives": positives])
    #expect(ours.value == 0)
    #expect(try evaluate("triplet-hard", ["anchors": anchors, "positives": positives]).value == 0.2)
  }

  /// One anchor at 0; positives at 1 (its own), 1.1, 1.15 and 3: the nearest one beyond 1 is at 1.1.
  @Test func semiHardTakesTheNearestOfItsRegion() throws {
    let inputs: LossArrays = [
      "anchors": ([0, 100, 200, 300], [4, 1]), "positives": ([1, 1.1, 1.15, 3], [4, 1]),
    ]
    let sum = try evaluate("triplet-semihard", inputs, ["reduction": .string("sum")])
    #expect(isClose(sum.value, 0.2 + 1 - 1.1 + 0.2 + 98.9 - 99 + 0.2 + 198.85 - 198.9))
    #expect(sum.gradients["positives"]?[1] != 0)
  }

  @Test func refusesWhatItCannotRead() throws {
    func kind(_ name: String, _ inputs: LossArrays, _ settings: [String: Scalar] = [:]) -> IeumError.Kind? {
      do {
        _ = try evaluate(name, inputs, settings)
        return nil
      } catch { return (error as? IeumError)?.kind }
    }
    let pair: LossArrays = ["anchors": ([1, 2], [1, 2]), "positives": ([1, 2], [1, 2])]
    #expect(kind("tripled", pair) == .usage)
    #expect(kind("sum-hinge", pair, ["margn": .double(1)]) == .usage)
    #expect(kind("sum-hinge", pair, ["similarity": .string("euclid")]) == .usage)
    #expect(kind("info-nce", pair, ["temperature": .double(0)]) == .usage)
    #expect(kind("mil-nce", pair, ["temperature": .double(-1)]) == .usage)
    #expect(kind("info-nce", pair, ["learned": .bool(true), "maximumScale": .double(0.5)]) == .usage)
    #expect(kind("sum-hinge", pair, ["mining": .string("random")]) == .usage)
    #expect(kind("four-term", pair) == .data)
    let two: LossArrays = ["anchors": ([1, 2, 3, 4], [2, 2]), "positives": ([1, 2, 3, 4, 5, 6], [3, 2])]
    #expect(kind("mil-nce", two) == .data)
    let queue: LossArrays = ["queue_anchors": ([1, 2], [1, 2]), "queue_positives": ([1, 2], [1, 2])]
    #expect(kind("sum-hinge", pair.merging(queue) { $1 }) == nil)
    #expect(kind("mil-nce", pair.merging(queue) { $1 }) == .data)
    #expect(kind("sum-hinge", pair.merging(["queue_anchors": ([1, 2], [1, 2])]) { $1 }) == .data)
    let wide: LossArrays = ["queue_anchors": ([1, 2, 3], [1, 3]), "queue_positives": ([1, 2, 3], [1, 3])]
    #expect(kind("sum-hinge", pair.merging(wide) { $1 }) == .data)
    #expect(kind("triplet", pair) == .data)
    #expect(kind("sum-hinge", ["anchors": ([1, 2], [1, 2]), "positives": ([1, 2], [2, 1])]) == .data)
    #expect(kind("sum-hinge", ["anchors": ([1, .nan], [1, 2]), "positives": ([1, 2], [1, 2])]) == .data)
    #expect(kind("sum-hinge", ["anchors": ([], [0, 2]), "positives": ([], [0, 2])]) == .data)
    let sides: LossArrays = ["left": ([1, 2], [1, 2]), "right": ([1, 2], [1, 2])]
    #expect(kind("contrastive", sides) == .data)
    #expect(kind("contrastive", sides.merging(["labels": ([0.5], [1])]) { $1 }) == .data)
    #expect(kind("contrastive", sides.merging(["labels": ([1], [1])]) { $1 }) == nil)
  }

  @Test func registryIsTheTableOfTheContract() throws {
    let defaults = LossRegistry.all.map { spec in
      "\(spec.name) " + spec.parameters.map { "\($0.name)=\($0.defaultValue)" }.joined(separator: " ")
    }
    let common = "reduction=mean normalize=false"
    #expect(
      defaults == [
        "triplet margin=0.2 distance=euclidean \(common)",
        "triplet-hard margin=0.2 distance=euclidean \(common)",
        "triplet-semihard margin=0.2 distance=euclidean \(common)",
        "swish-triplet distance=euclidean \(common)",
        "contrastive margin=1.0 distance=euclidean \(common)",
        "sum-hinge margin=0.2 similarity=cosine directions=forward mining=all \(common)",
        "max-hinge margin=0.2 similarity=cosine \(common)",
        "variable-margin margin=0.2 similarity=cosine mining=all \(common)",
        "info-nce temperature=0.07 similarity=cosine learned=false maximumScale=100.0 \(common)",
        "mil-nce temperature=1.0 similarity=dot \(common)",
        "four-term margin=0.2 similarity=cosine variable=image mining=all \(common)",
      ])
  }
}
