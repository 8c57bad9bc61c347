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
  private let live: LiveSearch
  private let decoding: DecodeLine
  private let uploads: UploadFolder
  private let port: UInt16
  /// Largest upload in bytes.
  private let largestUpload: Int
  /// Searches block; they do not belong on the threads that serve sockets. Decoding uploads has threads of its own.
  private let queue = DispatchQueue(label: "search", attributes: .concurrent)

  /// Seconds that a request may take: the line before the decoder, the decoder, the search.
  private static let patience = 240.0

  /// - Parameters:
  ///   - title: says which model it is.
  ///   - port: 0 = any that is free.
  ///   - program: this program, started again to decode uploads.
  ///   - largestUpload: in bytes.
  public init(
    _ engine: SearchEngine, title: String, port: UInt16, program: String, largestUpload: Int = 64 << 20
  ) throws {
    live = LiveSearch(engine, title: title)
    self.port = port
    self.largestUpload = largestUpload
    decoding = DecodeLine(UploadDecoder(program: program))
    uploads = try UploadFolder()
  }

  /// Removes what was uploaded; for a process that ends while it serves.
  public func removeUploads() { uploads.remove() }

  /// Serves until the task is cancelled.
  /// - Parameter ready: told the address once it listens.
  public func run(ready: @escaping @Sendable (String) -> Void) async throws {
    defer { removeUploads() }
    let server = HTTPServer(
      address: try sockaddr_in.inet(ip4: "127.0.0.1", port: port), timeout: Self.patience, logger: .disabled,
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

  /// `HEAD` is `GET` without the body.
  private func respond(_ request: HTTPRequest) async -> HTTPResponse {
    guard request.method == .HEAD else { return await answer(request) }
    var same = request
    same.method = .GET
    var response = await answer(same)
    if case .httpBody(let body) = response.payload, let count = body.count {
      response.headers[.contentLength] = "\(count)"
      response.payload = .httpBody(HTTPBodySequence())
    }
    return response
  }

  private func answer(_ request: HTTPRequest) async -> HTTPResponse {
    do {
      try checkOrigin(request)
      switch (request.method, request.path) {
      case (.GET, "/"): return page(PackageResources.index_html, "text/html; charset=utf-8")
      case (.GET, "/page.css"): return page(PackageResources.page_css, "text/css; charset=utf-8")
      case (.GET, "/page.js"): return page(PackageResources.page_js, "text/javascript; charset=utf-8")
      case (.GET, "/api/info"): return try json(await work { try info() })
      case (.GET, "/api/search"), (.POST, "/api/search"): return try await search(request)
      case (.GET, "/media"): return try await media(request)
      case (.GET, let path) where path.hasPrefix("/thumbnails/"): return try await thumbnail(path)
      case (.GET, _): throw Refusal(.notFound, "there is no such page")
      default: throw Refusal(.methodNotAllowed, "only GET, HEAD, and POST of a search, are understood")
      }
    } catch let refusal as Refusal {
      return failure(refusal.status, refusal.reason, refusal.headers)
    } catch let error as IeumError {
      return failure(error.kind == .system ? .internalServerError : .badRequest, plain(error))
    } catch { return failure(.internalServerError, "the search failed") }
  }

  /// Another site's page must not ask in the user's name, by whatever name it reaches this machine; another port is
  /// another site.
  private func checkOrigin(_ request: HTTPRequest) throws {
    let host = request.headers[.host]?.lowercased()
    if let host {
      let name = host.split(separator: ":").first ?? ""
      guard name == "127.0.0.1" || name == "localhost" else {
        throw Refusal(.forbidden, "this page answers to 127.0.0.1 only")
      }
    }
    if let origin = request.headers[HTTPHeader("Origin")], origin.lowercased() != "http://\(host ?? "")" {
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

  private func failure(
    _ status: HTTPStatusCode, _ reason: String, _ headers: [HTTPHeader: String] = [:]
  ) -> HTTPResponse {
    var response = (try? json(["error": reason], status)) ?? HTTPResponse(statusCode: status)
    for (header, value) in headers { response.headers[header] = value }
    return response
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
    /// Whether sounds may be sent.
    let hears: Bool
  }

  private func info() throws -> Info {
    let (engine, title) = try live.current()
    let summary = try engine.database.summary()
    return Info(
      items: summary.items, datasets: summary.datasets, languages: summary.languages, index: summary.index,
      model: title, largestUpload: largestUpload, hears: engine.encoder.hearsSound)
  }

  private func search(_ request: HTTPRequest) async throws -> HTTPResponse {
    let asked = try RequestedSearch(request)
    // One engine throughout: another might want sounds at another rate.
    let engine = try await work { try live.current().engine }
    guard request.method == .POST else { return try json(await answer(asked, nil, engine)) }
    let rate = engine.encoder.soundRate
    let upload = try await Upload.receive(request, limit: largestUpload, hears: rate != nil, in: uploads)
    defer { upload.remove() }
    let decoded = try await decoding.media(of: upload, soundRate: rate, for: Client(request))
    return try json(await answer(asked, decoded, engine))
  }

  private func answer(
    _ asked: RequestedSearch, _ decoded: DecodeLine.Decoded?, _ engine: SearchEngine
  ) async throws -> SearchAnswer {
    try await work {
      var parts = asked.parts
      if let decoded { parts.append((.media(decoded.media, name: "upload"), asked.uploadWeight)) }
      var answer = try engine.answer(SearchQuery(parts), k: asked.k, filter: asked.filter)
      answer.decodeMilliseconds = decoded?.milliseconds
      return answer
    }
  }

  private func media(_ request: HTTPRequest) async throws -> HTTPResponse {
    let database = try await work { try live.current().engine.database }
    return try await MediaResponse(database).respond(request)
  }

  private func thumbnail(_ path: String) async throws -> HTTPResponse {
    let name = path.dropFirst("/thumbnails/".count)
    let isName = name.hasSuffix(".jpg") && name.dropLast(4).allSatisfy { $0.isHexDigit } && name.count <= 44
    let folder = try await work { try live.current().engine.database.folder }
    guard isName, let data = FileManager.default.contents(atPath: "\(folder)/thumbnails/\(name)") else {
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
  let headers: [HTTPHeader: String]

  init(_ status: HTTPStatusCode, _ reason: String, _ headers: [HTTPHeader: String] = [:]) {
    (self.status, self.reason, self.headers) = (status, reason, headers)
  }
}
