import Basics
import Foundation
import Models
import Tensors
import Weights

/// The formula values that scripts/golden/encoders.py uses, and its reference file.
enum EncoderFormula {
  /// SplitMix64(FNV-1a(name) + index) as doubles in [-1, 1).
  static func hashed(_ name: String, _ count: Int) -> [Double] {
    var state: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in name.utf8 { state = (state ^ UInt64(byte)) &* 0x100_0000_01b3 }
    return (0..<count).map { _ in
      state &+= 0x9e37_79b9_7f4a_7c15
      var z = state
      z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
      z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
      z ^= z >> 31
      return Double(z >> 11) * 0x1p-52 - 1
    }
  }

  static func tensor(_ name: String, _ shape: [Int]) -> RawTensor {
    let count = shape.reduce(1, *)
    let values = hashed(name, count)
    let map: (Double) -> Double
    if name.hasSuffix("running_mean") {
      map = { 0.1 * $0 }
    } else if name.hasSuffix("running_var") {
      map = { 0.75 + 0.25 * $0 }
    } else if shape.count > 1 {
      let bound = (6 / Double(count / shape[0])).squareRoot()
      map = { $0 * bound }
    } else if name.hasSuffix("weight") {
      map = { 0.8 + 0.2 * $0 }
    } else {
      map = { 0.1 * $0 }
    }
    return RawTensor(name: name, shape: shape, floats: values.map { Float(map($0)) })
  }

  static func pixels(_ side: Int) throws -> Tensor {
    let values = hashed("pixels\(side)", 2 * 3 * side * side).map { Float($0 * 1.5) }
    return try Tensor(values, shape: [2, 3, side, side])
  }

  /// All tensors of a network, by formula, under the names that `rename` gives them.
  static func state(of network: Module, rename: (String) -> String = { $0 }) -> [RawTensor] {
    network.namedState().map { name, tensor in Self.tensor(rename(name), tensor.shape) }
  }

  static func golden<Content: Decodable>(_ name: String, as type: Content.Type) throws -> Content {
    let url = Bundle.module.bundleURL.appendingPathComponent("Golden/\(name).json")
    return try JSONDecoder().decode(Content.self, from: Data(contentsOf: url))
  }
}

/// A folder that disappears with its owner.
final class ScratchFolder {
  let path: String

  init() throws {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("encoders-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    path = url.path
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String) -> String { path + "/" + name }
}

func message(_ body: () throws -> Void) -> String {
  do {
    try body()
    return ""
  } catch { return "\(error)" }
}
