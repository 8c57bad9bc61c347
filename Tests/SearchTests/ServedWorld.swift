import Foundation
import Search
import Serve
import Testing

extension ColourWorld {
  /// A world with two pictures and a film of three clips in an index.
  static func searchable() throws -> (ColourWorld, SearchDatabase) {
    let world = try ColourWorld()
    _ = try world.picture("red.jpg", 250, 10, 10)
    _ = try world.picture("blue.jpg", 10, 10, 250)
    _ = try world.film("light.mp4", seconds: 2)
    let database = try world.database()
    _ = try SearchIngest(database, encoder: world.encoder).add(files: [world.folder + "/media"], seconds: 2)
    return (world, database)
  }

  /// An executable script in the world's folder.
  func script(_ name: String, _ lines: String) throws -> String {
    let path = "\(folder)/\(name)"
    try Data("#!/bin/sh\n\(lines)\n".utf8).write(to: URL(fileURLWithPath: path))
    chmod(path, 0o755)
    return path
  }
}

/// Runs a body against a server on a free port.
/// - Parameters:
///   - decoder: the program that decodes uploads; nil = the one that is tested.
///   - hears: whether the model takes sounds.
func served(
  _ database: SearchDatabase, largestUpload: Int = 1 << 20, decoder: String? = nil, hears: Bool = false,
  _ body: (PlainClient) async throws -> Void
) async throws {
  let program = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().path + "/ieum"
  let server = try SearchServer(
    SearchEngine(database, encoder: ColourEncoder(hears: hears)), title: "colours", port: 0, program: decoder ?? program,
    largestUpload: largestUpload)
  let (addresses, ready) = AsyncStream.makeStream(of: String.self)
  let task = Task { try await server.run { ready.yield($0) } }
  defer { task.cancel() }
  var iterator = addresses.makeAsyncIterator()
  let address = try #require(await iterator.next())
  let port = try #require(URL(string: address)?.port)
  #expect(address.hasPrefix("http://127.0.0.1:"))
  try await body(PlainClient(port: UInt16(port)))
}

/// Waits until something is so, and gives up after a minute.
func becomes(_ body: () -> Bool) async throws -> Bool {
  for _ in 0..<1200 {
    if body() { return true }
    try await Task.sleep(for: .milliseconds(50))
  }
  return false
}
