/// The printable character that stands for each byte in the files of byte-level BPE.
///
/// Bytes that print in Latin-1 stand for themselves; the other 68, rising, are U+0100, U+0101, ….
/// - Source: Radford et al. 2019, "Language Models are Unsupervised Multitask Learners" (GPT-2), its published code.
enum ByteSymbols {
  private static func isPrintable(_ byte: Int) -> Bool {
    (0x21...0x7E).contains(byte) || (0xA1...0xAC).contains(byte) || (0xAE...0xFF).contains(byte)
  }

  /// Bytes in the order of their ids: the printable ones first.
  static let ordered: [UInt8] =
    (0..<256).filter(isPrintable).map { UInt8($0) } + (0..<256).filter { !isPrintable($0) }.map { UInt8($0) }

  /// UTF-8 of each byte's character.
  static let utf8: [[UInt8]] = {
    var next: UInt32 = 0x100
    return (0..<256).map { byte in
      var value = UInt32(byte)
      if !isPrintable(byte) {
        value = next
        next += 1
      }
      // Two bytes from U+0080 on; none of these characters needs more.
      return value < 0x80 ? [UInt8(value)] : [0xC0 | UInt8(value >> 6), 0x80 | UInt8(value & 0x3F)]
    }
  }()

  /// Marks the last symbol of a word.
  static let wordEnd = Array("</w>".utf8)
}
