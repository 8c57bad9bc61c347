import Basics
import Foundation
import Models
import Testing

/// Values and gradients against float64 PyTorch: scripts/golden/losses.py.
@Suite struct LossesGoldenTests {
  struct Golden: Decodable {
    let cases: [Case]
  }

  struct Case: Decodable {
    let loss: String
    let parameters: [String: Setting]
    let rows: Int
    let columns: Int
    let inputs: [String: [Double]]
    let value: Double
    let gradients: [String: [Double]]

    var arrays: LossArrays {
      var arrays: LossArrays = [:]
      for (name, values) in inputs {
        arrays[name] = (values, name == "labels" ? [rows] : [values.count / columns, columns])
      }
      return arrays
    }
  }

  /// A setting as JSON has it.
  struct Setting: Decodable {
    let scalar: Scalar

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let value = try? container.decode(Bool.self) {
        scalar = .bool(value)
      } else if let value = try? container.decode(Double.self) {
        scalar = .double(value)
      } else {
        scalar = .string(try container.decode(String.self))
      }
    }
  }

  static func golden() throws -> [Case] {
    let url = try #require(
      Bundle.module.url(forResource: "losses", withExtension: "json", subdirectory: "Golden"))
    return try JSONDecoder().decode(Golden.self, from: Data(contentsOf: url)).cases
  }

  @Test func valuesAndGradientsAgree() throws {
    for golden in try Self.golden() {
      let settings = golden.parameters.mapValues(\.scalar)
      let ours = try evaluate(golden.loss, golden.arrays, settings)
      #expect(
        isClose(ours.value, golden.value), "\(golden.loss) \(settings): \(ours.value) against \(golden.value)"
      )
      #expect(Set(ours.gradients.keys) == Set(golden.gradients.keys))
      for (name, expected) in golden.gradients {
        let difference = mismatch(ours.gradients[name] ?? [], expected)
        #expect(difference == nil, "\(golden.loss) \(settings), /\(name): \(difference ?? "")")
      }
    }
  }

  @Test func everyLossIsCovered() throws {
    #expect(Set(try Self.golden().map(\.loss)) == Set(LossRegistry.all.map(\.name)))
  }
}
