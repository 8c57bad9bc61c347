import Crypto
import Foundation

/// SHA-256 digests in lower-case hexadecimal: the names of everything ieum caches.
public enum Digest {
  /// Digest of bytes in memory.
  public static func of(_ bytes: some DataProtocol) -> String {
    SHA256.hash(data: bytes).map { hex($0) }.joined()
  }

  /// Digest of a text's UTF-8 bytes.
  public static func of(_ text: String) -> String { of(Data(text.utf8)) }

  /// Digest of a file's bytes, read in pieces of 4 MiB.
  /// - Throws: ``IeumError`` (data) when the file cannot be read.
  public static func ofFile(_ path: String) throws -> String {
    guard let handle = FileHandle(forReadingAtPath: path) else {
      throw IeumError(.data, "cannot be read", file: path, remedy: "check that it exists and is readable")
    }
    defer { try? handle.close() }
    var hasher = SHA256()
    while let piece = try handle.read(upToCount: 1 << 22), !piece.isEmpty { hasher.update(data: piece) }
    return hasher.finalize().map { hex($0) }.joined()
  }

  private static func hex(_ byte: UInt8) -> String {
    let digits = String(byte, radix: 16)
    return byte < 16 ? "0" + digits : digits
  }
}
