import Basics
import FlyingFox
import Foundation
import Harness

/// Decodes uploads, two at once; a short line waits, and whoever comes after it is sent away.
actor DecodeLine {
  struct Decoded: Sendable {
    let media: QueryMedia
    /// Without the time in the line.
    let milliseconds: Double
  }

  private static let places = 2
  private static let longest = 4
  private let decoder: UploadDecoder
  private var decoding = 0
  private var line: [(id: UUID, turn: CheckedContinuation<Void, any Error>)] = []

  init(_ decoder: UploadDecoder) { self.decoder = decoder }

  /// What is in an upload, in turn; the decoder is killed once nobody waits for it any more.
  /// - Parameter soundRate: hertz at which sounds are wanted; nil = they are not.
  /// - Throws: ``Refusal`` (503) when the line is full; ``IeumError`` when the file cannot be decoded.
  nonisolated func media(of upload: Upload, soundRate: Int?, for client: Client) async throws -> Decoded {
    try await withThrowingTaskGroup(of: Decoded?.self) { group in
      group.addTask { try await self.inTurn(upload, soundRate) }
      group.addTask {
        while client.isThere { try await Task.sleep(for: .milliseconds(200)) }
        return nil
      }
      defer { group.cancelAll() }
      guard let decoded = try await group.next() ?? nil else { throw Refusal(.badRequest, "the client has gone") }
      return decoded
    }
  }

  private func inTurn(_ upload: Upload, _ soundRate: Int?) async throws -> Decoded {
    try await enter()
    defer { leave() }
    let start = ContinuousClock.now
    let media = try await decode(upload, soundRate)
    return Decoded(media: media, milliseconds: (ContinuousClock.now - start) / .milliseconds(1))
  }

  private func enter() async throws {
    guard decoding >= Self.places else {
      decoding += 1
      return
    }
    guard line.count < Self.longest else {
      throw Refusal(
        .serviceUnavailable, "too many uploads at once; try again in some seconds", [HTTPHeader("Retry-After"): "5"])
    }
    let id = UUID()
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { line.append((id, $0)) }
    } onCancel: {
      Task { await self.withdraw(id) }
    }
  }

  private func withdraw(_ id: UUID) {
    guard let place = line.firstIndex(where: { $0.id == id }) else { return }
    line.remove(at: place).turn.resume(throwing: CancellationError())
  }

  private func leave() {
    // The next one takes the place over.
    if line.isEmpty { decoding -= 1 } else { line.removeFirst().turn.resume() }
  }

  private nonisolated func decode(_ upload: Upload, _ soundRate: Int?) async throws -> QueryMedia {
    let child = DecodingProcess()
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        // A thread of its own: it waits long, and the threads that all others share are few.
        Thread.detachNewThread {
          continuation.resume(
            with: Result {
              try self.decoder.decode(upload.path, soundRate: soundRate, isSound: upload.isSound, child)
            })
        }
      }
    } onCancel: {
      child.end()
    }
  }
}

/// Who sent a request.
struct Client: Sendable {
  /// Its port on this machine; nil where that is not known.
  private let port: UInt16?

  init(_ request: HTTPRequest) {
    if case .ip4(_, let port)? = request.remoteAddress { self.port = port } else { port = nil }
  }

  /// Whether the connection is still open at the other end. The server's library does not tell before it answers, so the
  /// socket is looked for among this process's.
  var isThere: Bool {
    guard let port else { return true }
    for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? [] {
      guard let socket = Int32(name), Client.port(ofPeer: socket) == port else { continue }
      let hangUp = Int16(0x2000)  // POLLRDHUP
      var state = pollfd(fd: socket, events: hangUp, revents: 0)
      return poll(&state, 1, 0) == 0
    }
    return false
  }

  private static func port(ofPeer socket: Int32) -> UInt16? {
    var address = sockaddr_in()
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let result = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getpeername(socket, $0, &length) }
    }
    guard result == 0, address.sin_family == sa_family_t(AF_INET) else { return nil }
    return UInt16(bigEndian: address.sin_port)
  }
}
