import Foundation

/// What the media script recorded.
struct MediaGolden: Decodable {
  struct Picture: Decodable {
    let file: String
    let width: Int
    let height: Int
    let pixels: Data
  }

  struct Preprocessed: Decodable {
    let width: Int
    let height: Int
    let seed: Int
    let resize: Int
    let crop: Int
    let interpolation: String
    let half: Bool
    let levels: String
    let first: [Float]
    let floats: String
  }

  let decoded: [Picture]
  let preprocessed: [Preprocessed]

  static func load() throws -> MediaGolden {
    let data = try Data(contentsOf: URL(fileURLWithPath: path("media.json")))
    return try JSONDecoder().decode(MediaGolden.self, from: data)
  }

  static func path(_ name: String) -> String { Bundle.module.bundlePath + "/Golden/media/" + name }
}

/// A file under a temporary name that goes away with the scope.
func withTemporaryFile<T>(_ bytes: [UInt8], named name: String, _ body: (String) throws -> T) throws -> T {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  let path = folder.appendingPathComponent(name).path
  try Data(bytes).write(to: URL(fileURLWithPath: path))
  return try body(path)
}
