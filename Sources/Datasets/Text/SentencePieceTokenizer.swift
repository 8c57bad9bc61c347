import Basics
import CSentencePiece

/// SentencePiece with BERT's special tokens around, as KoBERT uses it.
///
/// Ids are the model's own. Normalisation and segmentation are those of the model file.
/// - Source: Kudo & Richardson 2018.
public final class SentencePieceTokenizer: BertTokenizer {
  public let vocabularySize: Int
  public let classID: Int
  public let separatorID: Int
  public let paddingID: Int
  public let digest: String

  private let model: Model

  /// Owns the parsed model; libsentencepiece allows concurrent use of a loaded one.
  private final class Model: @unchecked Sendable {
    let handle: OpaquePointer
    init(_ handle: OpaquePointer) { self.handle = handle }
    deinit { csp_free(handle) }
  }

  /// - Parameters:
  ///   - path: a `.model` file.
  ///   - classID: the id that opens a sequence; by default that of the piece `[CLS]` (or `<cls>`, `<s>`).
  ///   - separatorID: the id that closes it; by default that of the piece `[SEP]` (or `<sep>`, `</s>`).
  /// - Throws: ``IeumError`` (data) when the file is no model or lacks the special pieces.
  public init(model path: String, classID: Int? = nil, separatorID: Int? = nil) throws {
    let bytes = try BertTokenizerFile.read(path)
    var handle: OpaquePointer?
    var message = [CChar](repeating: 0, count: 256)
    let status = csp_parse(bytes, bytes.count, &handle, &message, message.count)
    guard status != 2 else {
      throw IeumError(
        .system, "SentencePiece is not available (\(Self.text(message)))", file: path,
        remedy: "install the package libsentencepiece0")
    }
    guard status == 0, let handle else {
      throw IeumError(
        .data, "is not a SentencePiece model (\(Self.text(message)))", file: path, remedy: "fetch it again")
    }
    let model = Model(handle)
    self.model = model
    vocabularySize = Int(csp_piece_count(handle))
    self.classID = try Self.special(classID, ["[CLS]", "<cls>", "<s>"], model, path: path)
    self.separatorID = try Self.special(separatorID, ["[SEP]", "<sep>", "</s>"], model, path: path)
    let padding = Self.id(of: ["[PAD]", "<pad>"], model) ?? Int(csp_padding_id(handle))
    paddingID = padding >= 0 ? padding : 0
    digest = Digest.of("sentencepiece 1 \(Digest.of(bytes)) \(self.classID) \(self.separatorID)")
  }

  private static func id(of pieces: [String], _ model: Model) -> Int? {
    pieces.map { Int(csp_piece_id(model.handle, $0)) }.first { $0 >= 0 }
  }

  private static func special(_ given: Int?, _ pieces: [String], _ model: Model, path: String) throws -> Int {
    if let given, given >= 0, given < Int(csp_piece_count(model.handle)) { return given }
    if let given {
      throw IeumError(
        .usage, "the id \(given) is not in the model", file: path,
        remedy: "give one below \(csp_piece_count(model.handle))")
    }
    guard let id = id(of: pieces, model) else {
      throw IeumError(.data, "the model has no piece '\(pieces[0])'", file: path, remedy: "give its id")
    }
    return id
  }

  private static func text(_ message: [CChar]) -> String {
    String(decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// - Throws: ``IeumError`` (system) when the library fails.
  public func pieces(_ text: String) throws -> [Int] {
    var ids: UnsafeMutablePointer<Int32>?
    var count = 0
    var message = [CChar](repeating: 0, count: 256)
    var text = text
    let status = text.withUTF8 { bytes in
      bytes.withMemoryRebound(to: CChar.self) {
        csp_encode(model.handle, $0.baseAddress, $0.count, &ids, &count, &message, message.count)
      }
    }
    defer { csp_ids_free(ids) }
    guard status == 0 else {
      throw IeumError(.system, "the text cannot be segmented (\(Self.text(message)))")
    }
    return UnsafeBufferPointer(start: ids, count: count).map(Int.init)
  }
}

/// XLM-R's numbering of a SentencePiece model: `<s>` 0, `<pad>` 1, `</s>` 2, `<unk>` 3, then the model's pieces from
/// the fourth on, one later than in the model.
/// - Source: Conneau et al. 2020, "Unsupervised Cross-lingual Representation Learning at Scale", its published code.
public struct RobertaTokenizer: BertTokenizer {
  public let classID = 0
  public let paddingID = 1
  public let separatorID = 2
  /// One more than the largest id: the last is `<mask>`.
  public let vocabularySize: Int
  public let digest: String
  private let model: SentencePieceTokenizer
  private static let unknownID = 3

  /// - Throws: ``IeumError`` (data) when the file is no model.
  public init(model path: String) throws {
    model = try SentencePieceTokenizer(model: path)
    vocabularySize = model.vocabularySize + 2
    digest = Digest.of("roberta 1 \(model.digest)")
  }

  public func pieces(_ text: String) throws -> [Int] {
    try model.pieces(text).map { $0 == 0 ? Self.unknownID : $0 + 1 }
  }
}
