import Basics
import Foundation
import Testing

/// The vectors of FIPS 180-4's examples.
struct DigestTests {
  static let known = [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    ("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"),
    (String(repeating: "a", count: 1_000_000), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
  ]

  @Test(arguments: known) func textsHaveTheirDigests(text: String, digest: String) throws {
    #expect(Digest.of(text) == digest)
    let path = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    #expect(try Digest.ofFile(path) == digest)
  }

  /// A file longer than what is read at once, and bytes that lie in several places.
  @Test func piecesMakeNoDifference() throws {
    let bytes = Data((0..<9_000_001).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 7) })
    let path = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try bytes.write(to: URL(fileURLWithPath: path))
    #expect(try Digest.ofFile(path) == Digest.of(bytes))
    var scattered = DispatchData.empty
    for start in stride(from: 0, to: bytes.count, by: 1_000_003) {
      bytes[start..<min(bytes.count, start + 1_000_003)].withUnsafeBytes { scattered.append($0) }
    }
    #expect(Digest.of(scattered) == Digest.of(bytes))
  }

  @Test func aMissingFileIsTold() {
    #expect(throws: IeumError.self) { try Digest.ofFile("/nowhere/at/all") }
  }
}
