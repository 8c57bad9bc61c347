import Basics
import Foundation
import Testing

/// How `ieum serve` ends.
extension SearchCommandTests {
  @Test(arguments: [SIGTERM, SIGINT]) func aServerThatEndsTakesItsUploadsAlong(number: Int32) throws {
    defer { world.remove() }
    let index = try create(.clips)
    let temporary = world.folder + "/temporary"
    // Left by one that was killed.
    let gone = try Program.run(["-c", "echo $$"], program: "/bin/sh").output.trimmingCharacters(in: .whitespacesAndNewlines)
    let old = try AtomicFile.temporaryPath(for: temporary + "/ieum-uploads.old")
      .replacing(".\(getpid()).part", with: ".\(gone).part")
    try AtomicFile.write("picture", to: old + "/upload")
    let server = Process()
    server.executableURL = URL(fileURLWithPath: Program.path)
    server.arguments = ["serve", "--index", index, "--port", "0"]
    server.environment = ProcessInfo.processInfo.environment.merging(["TMPDIR": temporary]) { $1 }
    let output = Pipe()
    server.standardOutput = output
    try server.run()
    defer { kill(server.processIdentifier, SIGKILL) }
    let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
    let port = String((line.split(separator: ":").last ?? "").filter(\.isNumber))
    func uploads() -> [String] { (try? FileManager.default.subpathsOfDirectory(atPath: temporary)) ?? [] }
    #expect(line.contains("listening") && uploads().isEmpty, "\(uploads())")
    // An upload that never ends.
    let client = Process()
    client.executableURL = URL(fileURLWithPath: "/bin/bash")
    let head = "POST /api/search HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\nContent-Type: image/png\\r\\nContent-Length: 200000\\r\\n\\r\\n"
    client.arguments = ["-c", "exec 3<>/dev/tcp/127.0.0.1/\(port); printf '\(head)some' >&3; exec sleep 120"]
    try client.run()
    defer { kill(client.processIdentifier, SIGKILL) }
    for _ in 0..<1200 where !uploads().contains(where: { $0.hasSuffix("/upload") }) { usleep(50_000) }
    #expect(uploads().contains { $0.hasSuffix("/upload") })
    kill(server.processIdentifier, number)
    server.waitUntilExit()
    #expect(server.terminationReason == .exit && server.terminationStatus == 0)
    #expect(uploads().isEmpty, "\(uploads())")
  }
}
