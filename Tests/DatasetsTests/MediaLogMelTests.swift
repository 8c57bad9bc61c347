import Basics
import Datasets
import Foundation
import Testing

@Suite struct MediaLogMelTests {
  private struct Golden: Decodable {
    struct Case: Decodable {
      let parameters: [String: Value]
      let samples: [Int]
      let frames: Int
      let mels: Int
      let values: [Float]
    }

    let cases: [Case]
  }

  /// A number, a truth value or a word.
  private struct Value: Decodable {
    let scalar: Scalar

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let value = try? container.decode(Bool.self) {
        scalar = .bool(value)
      } else if let value = try? container.decode(Int.self) {
        scalar = .int(value)
      } else if let value = try? container.decode(Double.self) {
        scalar = .double(value)
      } else {
        scalar = .string(try container.decode(String.self))
      }
    }
  }

  private func settings(_ given: [String: Scalar]) throws -> MelSettings {
    try MelSettings(Parameters(given, specs: MelSettings.parameters, owner: "test"), owner: "test")
  }

  @Test func agreesWithTorchaudio() throws {
    let path = Bundle.module.bundlePath + "/Golden/audio/log-mel.json"
    let golden = try JSONDecoder().decode(Golden.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
    #expect(golden.cases.count >= 11)
    for expected in golden.cases {
      let settings = try settings(expected.parameters.mapValues(\.scalar))
      let sound = Sound(samples: expected.samples.map { Float($0) / 32768 }, rate: settings.sampleRate)
      let values = try LogMel(settings)(sound, path: "golden")
      #expect(settings.nMels == expected.mels)
      #expect(values.count == expected.frames * expected.mels, "\(expected.parameters.keys.sorted())")
      guard values.count == expected.values.count else { continue }
      let worst = zip(values, expected.values).map { abs($0 - $1) }.max() ?? 1
      #expect(worst < 1e-3, "\(expected.parameters.mapValues(\.scalar.description)): \(worst)")
    }
  }

  @Test func defaultsAreThoseOfTorchaudio() throws {
    #expect(try settings([:]) == MelSettings())
    #expect(try settings(["sample_rate": .int(22_050)]).fMax == 11_025)
    #expect(try settings(["n_fft": .int(1024)]).hopLength == 512)
    #expect(try settings(["win_length": .int(300)]).hopLength == 150)
  }

  @Test(arguments: [
    ["n_fft": Scalar.int(0)], ["win_length": .int(500)], ["f_min": .int(9000)],
    ["pad_mode": .string("mirror")],
    ["nfft": .int(512)], ["sample_rate": .int(-1)], ["power": .int(0)],
  ])
  func senselessParametersAreRefused(given: [String: Scalar]) {
    let error = #expect(throws: IeumError.self) { try settings(given) }
    #expect(error?.kind == .usage)
  }

  @Test func tooShortASoundIsRefused() throws {
    let sound = Sound(samples: [Float](repeating: 0, count: 100), rate: 16_000)
    let error = #expect(throws: IeumError.self) { try LogMel(MelSettings())(sound, path: "short.wav") }
    #expect(error?.file == "short.wav" && error?.kind == .data)
  }
}
