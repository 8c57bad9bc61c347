import Foundation

/// Files of other programs, small, as those programs write them.
enum Fixture {
  /// A pickle of protocol 2: a dict of texts, numbers and lists, in this order.
  static func pickle(_ entries: [(String, Any)]) -> Data {
    Data([0x80, 2]) + Data("}(".utf8) + entries.map { pickled($0.0) + pickled($0.1) }.reduce(Data(), +) + Data("u.".utf8)
  }

  private static func pickled(_ value: Any) -> Data {
    func number(_ value: Int) -> Data { withUnsafeBytes(of: Int32(value).littleEndian) { Data($0) } }
    switch value {
    case let text as String: return Data("X".utf8) + number(text.utf8.count) + Data(text.utf8)
    case let value as Int: return Data("J".utf8) + number(value)
    case let items as [Any]: return Data("](".utf8) + items.map(pickled).reduce(Data(), +) + Data("e".utf8)
    default: return Data("N".utf8)
    }
  }

  /// An array of float32 as `numpy.save` writes it; every element is its number.
  static func npy(_ shape: [Int], _ value: (Int) -> Float = { Float($0) }) -> Data {
    let text = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(shape.map { "\($0), " }.joined())), }"
    let header = text + String(repeating: " ", count: (64 - (11 + text.utf8.count) % 64) % 64) + "\n"
    let values = (0..<shape.reduce(1, *)).map(value)
    return Data([0x93]) + Data("NUMPY".utf8) + Data([1, 0, UInt8(header.utf8.count & 255), UInt8(header.utf8.count >> 8)])
      + Data(header.utf8) + values.withUnsafeBytes { Data($0) }
  }
}
