import ArgumentParser
import Basics
import Foundation
import Harness
import Search
import Serve

struct ServeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve", abstract: "A search page in the browser, on this machine only.",
    discussion: "Without --index the stamps are searched (an index of them is made at the first use).")

  @Option(help: "The folder of a search index.") var index: String?
  @Option(help: "Port; 0 = any that is free.") var port: UInt16 = 8642
  @OptionGroup var engine: EngineOptions

  func run() throws {
    try engine.apply()
    let database = try index.map { try SearchDatabase.open($0) } ?? DefaultSearch.open { warn($0) }
    let searcher = try SearchEngine(database)
    let title = try database.model().card.summary
    let server = try SearchServer(searcher, title: title, port: port, program: ProgramFiles.path)
    let signals = [SIGINT, SIGTERM].map { ends(at: $0, server) }
    defer { for source in signals { source.cancel() } }
    let done = DispatchSemaphore(value: 0)
    let outcome = ServeOutcome()
    Task {
      do {
        try await server.run { address in print("listening on \(address)") ; fflush(nil) }
      } catch { outcome.error = error }
      done.signal()
    }
    done.wait()
    if let error = outcome.error {
      if let known = error as? IeumError { throw known }
      throw IeumError(
        .system, "the server ended (\(error))", place: "port \(port)", remedy: "choose another with --port")
    }
  }
}

/// Ends the program at a signal, uploads removed.
private func ends(at number: Int32, _ server: SearchServer) -> any DispatchSourceSignal {
  signal(number, SIG_IGN)
  let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
  source.setEventHandler {
    server.removeUploads()
    Foundation.exit(0)
  }
  source.resume()
  return source
}

private final class ServeOutcome: @unchecked Sendable {
  var error: (any Error)?
}

/// Decodes one uploaded file under limits; started by `ieum serve`.
struct DecodeUploadCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: UploadDecoder.command, shouldDisplay: false)
  @Argument var file: String
  @Option var seconds = 20
  @Option var soundRate: Int?
  @Flag var isSound = false

  func run() throws {
    try UploadDecoder.work(on: file, soundRate: soundRate, isSound: isSound, seconds: seconds)
  }
}
