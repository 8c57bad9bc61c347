import Basics
import Foundation

/// What a vocabulary file says about a byte-level BPE tokenizer.
struct BytePairDefinition {
  /// Ids of the 256 bytes inside a word and at its end.
  private(set) var inner = [Int](repeating: 0, count: 256)
  private(set) var final = [Int](repeating: 0, count: 256)
  private(set) var pairs = BytePairs()
  private(set) var startID = 0
  private(set) var endID = 0
  private(set) var vocabularySize = 0
  let digest: String
  private let path: String

  /// The published merge file holds more merges than CLIP's 49,408 ids have room for.
  static let publishedMerges = 49_152 - 256 - 2
  private static let possibleIDs = 0..<1 << 24

  init(file path: String) throws {
    self.path = path
    let bytes = try GzipText.read(path)
    if bytes.first == UInt8(ascii: "{") {
      digest = Digest.of(bytes)
      try read(json: bytes)
    } else {
      let vocabulary = URL(fileURLWithPath: path).deletingLastPathComponent().path + "/vocab.json"
      let isMergesFile = URL(fileURLWithPath: path).lastPathComponent == "merges.txt"
      let ids = isMergesFile ? FileManager.default.contents(atPath: vocabulary).map { [UInt8]($0) } : nil
      digest = Digest.of(bytes + (ids ?? []))
      let merges = Self.merges(bytes)
      if let ids { try assign(merges, try table(Self.parsed(ids, vocabulary), vocabulary)) } else {
        try assign(merges, Self.numbered(merges))
      }
    }
  }

  /// Pairs in the order of learning, as in a file; ids in the published order.
  init(merges: [([UInt8], [UInt8])]) throws {
    path = "learnt vocabulary"
    digest = Digest.of(Self.text(of: merges))
    let slices = merges.map { ($0.0[...], $0.1[...]) }
    try assign(slices, Self.numbered(slices))
  }

  /// A merge file: a header, then one pair a line.
  static func text(of merges: [([UInt8], [UInt8])]) -> String {
    let lines = merges.map { String(decoding: $0.0, as: UTF8.self) + " " + String(decoding: $0.1, as: UTF8.self) }
    return (["#version: 0.2"] + lines).joined(separator: "\n") + "\n"
  }

  private typealias Pair = (ArraySlice<UInt8>, ArraySlice<UInt8>)

  private static func merges(_ bytes: [UInt8]) -> [Pair] {
    let lines = bytes.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }).dropFirst()
    return lines.prefix(publishedMerges).compactMap { line in
      let parts = line.split(separator: 0x20)
      return parts.count == 2 ? (parts[0], parts[1]) : nil
    }
  }

  /// Bytes, bytes at a word's end, merges, start, end: the order in which the published tokenizer numbers them.
  private static func numbered(_ merges: [Pair]) -> PieceTable {
    var table = PieceTable()
    for (id, byte) in ByteSymbols.ordered.enumerated() {
      table.set(ByteSymbols.utf8[Int(byte)], id: id)
      table.set(ByteSymbols.utf8[Int(byte)] + ByteSymbols.wordEnd, id: 256 + id)
    }
    for (index, pair) in merges.enumerated() { table.set(Array(pair.0 + pair.1), id: 512 + index) }
    table.set(Array(ClipWords.startToken.utf8), id: 512 + merges.count)
    table.set(Array(ClipWords.endToken.utf8), id: 513 + merges.count)
    return table
  }

  private mutating func assign(_ merges: [Pair], _ table: PieceTable) throws {
    func id(_ piece: ArraySlice<UInt8>) throws -> Int {
      guard let id = table[piece] else {
        throw fault("has no id for the piece '\(String(decoding: piece, as: UTF8.self))'")
      }
      return id
    }
    for byte in 0..<256 {
      inner[byte] = try id(ByteSymbols.utf8[byte][...])
      final[byte] = try id((ByteSymbols.utf8[byte] + ByteSymbols.wordEnd)[...])
    }
    for (rank, pair) in merges.enumerated() {
      pairs.add(try id(pair.0), try id(pair.1), rank: rank, id: try id((pair.0 + pair.1)))
    }
    startID = try id(Array(ClipWords.startToken.utf8)[...])
    endID = try id(Array(ClipWords.endToken.utf8)[...])
    vocabularySize = table.size
  }

  private mutating func read(json bytes: [UInt8]) throws {
    let root = try Self.parsed(bytes, path)
    guard let model = root["model"], model["type"]?.string ?? "BPE" == "BPE", let lines = model["merges"]?.elements
    else { throw fault("holds no BPE model with merges") }
    let merges = try lines.map { line -> Pair in
      if case .string(let text) = line {
        let parts = text.split(separator: 0x20)
        if parts.count == 2 { return (parts[0], parts[1]) }
      }
      if case .array(let parts) = line, parts.count == 2, case .string(let left) = parts[0],
        case .string(let right) = parts[1] { return (left[...], right[...]) }
      throw fault("holds a merge that is no pair")
    }
    var ids = try table(model["vocab"] ?? .null, path)
    for token in root["added_tokens"]?.elements ?? [] {
      guard let content = token["content"]?.string, let id = token["id"]?.int else { continue }
      guard Self.possibleIDs.contains(id) else { throw fault("the id \(id) of the added token '\(content)' is no id") }
      ids.set(Array(content.utf8), id: id)
    }
    try assign(merges, ids)
  }

  private static func parsed(_ bytes: [UInt8], _ path: String) throws -> ByteJSON {
    do { return try ByteJSON.parse(bytes) } catch let error as ByteJSON.SyntaxError {
      throw IeumError(.data, "is not valid JSON", file: path, place: "byte \(error.offset)", remedy: "fetch it again")
    }
  }

  private func table(_ json: ByteJSON, _ path: String) throws -> PieceTable {
    var table = PieceTable()
    for (piece, value) in json.members ?? [] {
      guard let id = value.int, Self.possibleIDs.contains(id) else {
        throw IeumError(
          .data, "the id of '\(String(decoding: piece, as: UTF8.self))' is no number", file: path, remedy: "fetch it again")
      }
      table.set(piece, id: id)
    }
    return table
  }

  private func fault(_ problem: String) -> IeumError {
    IeumError(.data, problem, file: path, remedy: "give the vocabulary of a CLIP model")
  }
}
