import Basics
import Datasets
import FlyingFox
import FlyingSocks
import Foundation
import Harness
import Search

/// The page in the browser and its JSON interface, on this machine alone (127.0.0.1).
///
/// No file is served but thumbnails, the page's own, and the media of items whose folders the index names as its roots.
public struct SearchServer: Sendable {
  private let engine: SearchEngine
  private let title: String
  private let decoder: UploadDecoder
  private let port: UInt16
  /// Largest upload in bytes.
  private let largestUpload: Int
  /// Searches block; they do not belong on the threads that serve sockets.
  private let queue = DispatchQueue(label: "search", attributes: .concurrent)

  /// - Parameters:
  ///   - port: 0 = any that is free.
  ///   - program: this program, started again to decode uploads.
  ///   - largestUpload: in bytes.
  public init(
    _ engine: SearchEngine, title: String, port: UInt16, program: String, largestUpload: Int = 64 << 20
  ) {
    self.engine = engine
    self.title = title
    self.port = port
    self.largestUpload = largestUpload
    decoder = UploadDecoder(program: program)
  }

  /// Serves until the task is cancelled.
  /// - Parameter ready: told the address once it listens.
  public func run(ready: @escaping @Sendable (String) -> Void) async throws {
    let server = HTTPServer(
      address: try sockaddr_in.inet(ip4: "127.0.0.1", port: port), timeout: 60, logger: .disabled,
      handler: ClosureHTTPHandler { request in await respond(request) })
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await server.run() }
      group.addTask {
        try await server.waitUntilListening(timeout: 60)
        guard case .ip4(_, let port)? = await server.listeningAddress else { return }
        ready("http://127.0.0.1:\(port)/")
      }
      for try await _ in group {}
    }
  }

  private func respond(_ request: HTTPRequest) async -> HTTPResponse {
    do {
      try checkOrigin(request)
      switch (request.method, request.path) {
      case (.GET, "/"): return page(PackageResources.index_html, "text/html; charset=utf-8")
      case (.GET, "/page.css"): return page(PackageResources.page_css, "text/css; charset=utf-8")
      case (.GET, "/page.js"): return page(PackageResources.page_js, "text/javascript; charset=utf-8")
      case (.GET, "/api/info"): return try json(await work { try info() })
      case (.GET, "/api/search"), (.POST, "/api/search"): return try await search(request)
      case (.GET, "/media"): return try await MediaResponse(engine.database).respond(request)
      case (.GET, let path) where path.hasPrefix("/thumbnails/"): return try thumbnail(path)
      case (.GET, _): throw Refusal(.notFound, "there is no such page")
      default: throw Refusal(.methodNotAllowed, "only GET, and POST of a search, are understood")
      }
    } catch let refusal as Refusal {
      return failure(refusal.status, refusal.reason)
    } catch let error as IeumError {
      return failure(error.kind == .system ? .internalServerError : .badRequest, plain(error))
    } catch { return failure(.internalServerError, "the search failed") }
  }

  /// Another site's page must not ask in the user's name, by whatever name it reaches this machine.
  private func checkOrigin(_ request: HTTPRequest) throws {
    func isLocal(_ host: Substring) -> Bool {
      let name = host.split(separator: ":").first ?? ""
      return name == "127.0.0.1" || name == "localhost"
    }
    if let host = request.headers[.host], !isLocal(host[...]) {
      throw Refusal(.forbidden, "this page answers to 127.0.0.1 only")
    }
    if let origin = request.headers[HTTPHeader("Origin")],
      !isLocal(origin.split(separator: "/").last ?? "")
    {
      throw Refusal(.forbidden, "pages of other sites cannot search here")
    }
  }

  private func page(_ bytes: [UInt8], _ type: String) -> HTTPResponse {
    let policy =
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' blob: data:; "
      + "media-src 'self' blob:; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
    return HTTPResponse(
      statusCode: .ok,
      headers: [
        .contentType: type, HTTPHeader("Content-Security-Policy"): policy,
        HTTPHeader("X-Content-Type-Options"): "nosniff", HTTPHeader("Referrer-Policy"): "no-referrer",
      ], body: Data(bytes))
  }

  private func json(_ value: some Encodable, _ status: HTTPStatusCode = .ok) throws -> HTTPResponse {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return HTTPResponse(
      statusCode: status,
      headers: [.contentType: "application/json", HTTPHeader("X-Content-Type-Options"): "nosniff"],
      body: try encoder.encode(value))
  }

  private func failure(_ status: HTTPStatusCode, _ reason: String) -> HTTPResponse {
    (try? json(["error": reason], status)) ?? HTTPResponse(statusCode: status)
  }

  /// An error without this machine's paths.
  private func plain(_ error: IeumError) -> String {
    error.remedy.map { "\(error.problem); \($0)" } ?? error.problem
  }

  /// Runs blocking work beside the server's own threads.
  private func work<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
    try await withCheckedThrowingContinuation { continuation in
      queue.async { continuation.resume(with: Result { try body() }) }
    }
  }

  private struct Info: Encodable {
    let items: Int
    let datasets: [String: Int]
    let languages: [String]
    let index: String
    let model: String
    let largestUpload: Int
  }

  private func info() throws -> Info {
    let summary = try engine.database.summary()
    return Info(
      items: summary.items, datasets: summary.datasets, languages: summary.languages, index: summary.index,
      model: title, largestUpload: largestUpload)
  }

  private func search(_ request: HTTPRequest) async throws -> HTTPResponse {
    let asked = try RequestedSearch(request)
    let upload = request.method == .POST ? try await Upload.receive(request, limit: largestUpload) : nil
    let answer = try await work { () throws -> SearchAnswer in
      var parts = asked.parts
      if let upload {
        defer { upload.remove() }
        parts.append((.media(.frames(try decoder.decode(upload.path)), name: "upload"), asked.uploadWeight))
      }
      return try engine.answer(SearchQuery(parts), k: asked.k, filter: asked.filter)
    }
    return try json(answer)
  }

  private func thumbnail(_ path: String) throws -> HTTPResponse {
    let name = path.dropFirst("/thumbnails/".count)
    let isName = name.hasSuffix(".jpg") && name.dropLast(4).allSatisfy { $0.isHexDigit } && name.count <= 44
    guard isName, let data = FileManager.default.contents(atPath: "\(engine.database.folder)/thumbnails/\(name)") else {
      throw Refusal(.notFound, "there is no such thumbnail")
    }
    return HTTPResponse(
      statusCode: .ok,
      headers: [.contentType: "image/jpeg", HTTPHeader("Cache-Control"): "max-age=3600"], body: data)
  }
}

/// A request that is not carried out.
struct Refusal: Error {
  let status: HTTPStatusCode
  let reason: String

  init(_ status: HTTPStatusCode, _ reason: String) {
    self.status = status
    self.reason = reason
  }
}
