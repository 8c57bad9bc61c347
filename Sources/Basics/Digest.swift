import COpenSSL
import Foundation

/// SHA-256 digests in lower-case hexadecimal: the names of everything ieum caches.
public enum Digest {
  /// Digest of bytes in memory.
  public static func of(_ bytes: some DataProtocol) -> String {
    let hash = SHA256()
    for region in bytes.regions { region.withUnsafeBytes(hash.update) }
    return hash.finish()
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
    let hash = SHA256()
    while let piece = try handle.read(upToCount: 1 << 22), !piece.isEmpty { piece.withUnsafeBytes(hash.update) }
    return hash.finish()
  }
}

/// A digest on its way. OpenSSL fails here only where it has no SHA-256 or no memory, which nothing can be done about.
private final class SHA256 {
  private let context = EVP_MD_CTX_new()

  // Without a clean-up at the program's end, which another thread may meet in the middle of a digest.
  private static let isReady = OPENSSL_init_crypto(UInt64(OPENSSL_INIT_NO_ATEXIT), nil)

  init() {
    must(Self.isReady)
    must(EVP_DigestInit_ex(context, EVP_sha256(), nil))
  }

  deinit { EVP_MD_CTX_free(context) }

  func update(_ bytes: UnsafeRawBufferPointer) { must(EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)) }

  func finish() -> String {
    var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
    var count: UInt32 = 0
    must(EVP_DigestFinal_ex(context, &digest, &count))
    return digest.prefix(Int(count)).map(hex).joined()
  }

  private func must(_ status: Int32) { precondition(status == 1, "OpenSSL computes no SHA-256") }

  private func hex(_ byte: UInt8) -> String {
    let digits = String(byte, radix: 16)
    return byte < 16 ? "0" + digits : digits
  }
}
