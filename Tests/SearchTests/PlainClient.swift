import Basics
import Foundation

/// Speaks HTTP by hand, so that a test can say what no client would.
struct PlainClient {
  let port: UInt16

  struct Answer {
    let status: Int
    let head: String
    let body: Data

    var json: [String: Any] { (try? JSONSerialization.jsonObject(with: body) as? [String: Any]) ?? [:] }
    var hits: [[String: Any]] { json["hits"] as? [[String: Any]] ?? [] }
    var ids: [String] { hits.compactMap { ($0["item"] as? [String: Any])?["id"] as? String } }
  }

  func get(_ target: String, _ headers: [String: String] = [:]) throws -> Answer { try ask("GET", target, headers) }

  func post(_ target: String, _ body: Data, type: String) throws -> Answer {
    try ask("POST", target, ["Content-Type": type], body)
  }

  func ask(_ method: String, _ target: String, _ headers: [String: String] = [:], _ body: Data? = nil) throws -> Answer {
    let descriptor = try begin(method, target, headers, body)
    defer { close(descriptor) }
    return PlainClient.answer(descriptor)
  }

  /// Sends a request and waits for nothing.
  /// - Returns: the connection, for the caller to close.
  func begin(_ method: String, _ target: String, _ headers: [String: String], _ body: Data?) throws -> Int32 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    let connected = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard connected == 0 else {
      close(descriptor)
      throw IeumError(.system, "no connection to port \(port)")
    }
    var all = ["Host": "127.0.0.1:\(port)", "Connection": "close"].merging(headers) { $1 }
    if let body, all["Content-Length"] == nil, all["Transfer-Encoding"] == nil { all["Content-Length"] = "\(body.count)" }
    let lines = ["\(method) \(target) HTTP/1.1"] + all.map { "\($0.key): \($0.value)" }
    let message = Data((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8) + (body ?? Data())
    message.withUnsafeBytes { bytes in
      var sent = 0
      while sent < bytes.count {
        let step = send(descriptor, bytes.baseAddress.map { $0 + sent }, bytes.count - sent, Int32(MSG_NOSIGNAL))
        if step <= 0 { break }
        sent += step
      }
    }
    return descriptor
  }

  private static func answer(_ descriptor: Int32) -> Answer {
    var answer = Data()
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = recv(descriptor, &buffer, buffer.count, 0)
      if count <= 0 { break }
      answer.append(contentsOf: buffer[0..<count])
      // Some answers come before all of the request was read, and then the connection stays open.
      if let whole = PlainClient.length(answer), answer.count >= whole { break }
    }
    let end = answer.range(of: Data("\r\n\r\n".utf8)) ?? answer.endIndex..<answer.endIndex
    let head = String(decoding: answer[..<end.lowerBound], as: UTF8.self)
    let status = head.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    return Answer(status: status, head: head, body: Data(answer[end.upperBound...]))
  }

  /// Bytes of an answer by its Content-Length.
  private static func length(_ answer: Data) -> Int? {
    guard let end = answer.range(of: Data("\r\n\r\n".utf8)) else { return nil }
    let head = String(decoding: answer[..<end.lowerBound], as: UTF8.self).lowercased()
    let line = head.split(separator: "\r\n").first { $0.hasPrefix("content-length:") }
    return line.flatMap { Int($0.split(separator: ":")[1].trimmingCharacters(in: .whitespaces)) }
      .map { $0 + end.upperBound }
  }
}
