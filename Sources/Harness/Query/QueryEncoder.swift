import Basics
import Datasets

/// What becomes a vector beside words: a picture, a film or a part of one, pictures already decoded, a sound.
public enum QueryMedia: Sendable {
  case pictures([String])
  /// From `start` to `end` seconds; nil = the film's own ends.
  case film(String, start: Double?, end: Double?)
  case frames([RGBImage])
  /// The sound of a file, a film's too, from `start` to `end` seconds; nil = its own ends.
  case sound(String, start: Double?, end: Double?)
  /// A sound already decoded, at the encoder's ``QueryEncoder/soundRate``.
  case samples(Sound)

  /// What of a dataset's item can be seen; nil where it is a sound.
  public init?(_ item: DatasetItem) {
    if let path = item.videoPath {
      self = .film(path, start: item.start, end: item.end)
    } else if !item.imagePaths.isEmpty {
      self = .pictures(item.imagePaths)
    } else {
      return nil
    }
  }

  /// What of a dataset's item can be heard in a sound file of its own; nil where there is none.
  public init?(sound item: DatasetItem) {
    guard let path = item.audioPath else { return nil }
    self = .sound(path, start: item.start, end: item.end)
  }

  /// Whether it is heard, not seen.
  public var isSound: Bool {
    switch self {
    case .sound, .samples: true
    case .pictures, .film, .frames: false
    }
  }

  /// Why a model without a sound side takes no sounds.
  public static let unheard = IeumError(
    .usage, "the model has no sound side", remedy: "use an index of a model with an 'audio' tower")

  /// The sampled pictures, decoded.
  /// - Throws: ``IeumError``: data for what cannot be decoded, ``unheard`` for a sound.
  public func pictures(_ sampling: FrameSampling) throws -> [RGBImage] {
    switch self {
    case .pictures(let paths):
      return try QueryMedia.sampled(paths, sampling).map { try ImageDecoder.decode($0) }
    case .film(let path, let start, let end):
      let film = try VideoFile(path, start: start, end: end)
      let wanted = sampling.frames(of: film.table)
      let distinct = Array(Set(wanted)).sorted()
      let pictures = try film.pictures(distinct)
      let place = Dictionary(uniqueKeysWithValues: distinct.enumerated().map { ($1, $0) })
      return wanted.compactMap { place[$0].map { pictures[$0] } }
    case .frames(let frames): return QueryMedia.sampled(frames, sampling)
    case .sound, .samples: throw QueryMedia.unheard
    }
  }

  /// Stills count as a film of one frame a second.
  private static func sampled<T>(_ stills: [T], _ sampling: FrameSampling) -> [T] {
    guard stills.count > 1 else { return stills }
    let table = FrameTable(times: stills.indices.map(Int64.init), lastDuration: 1, tick: 1)
    return sampling.frames(of: table).map { stills[$0] }
  }
}

/// Turns texts, pictures, clips and sounds into unit vectors of one space. Calls may come from several threads.
public protocol QueryEncoder: AnyObject, Sendable {
  var dimension: Int { get }
  /// Samples a second of the sounds that it takes; nil where it takes none.
  var soundRate: Int? { get }
  /// `[dimension]` or a reason per text.
  func texts(_ texts: [String]) throws -> [Result<[Float], IeumError>]
  /// `[dimension]` or a reason per picture, clip or sound.
  func media(_ media: [QueryMedia]) throws -> [Result<[Float], IeumError>]
}

extension QueryEncoder {
  public var soundRate: Int? { nil }
  /// Whether it takes sounds.
  public var hearsSound: Bool { soundRate != nil }

  /// The vector of one text.
  /// - Throws: ``IeumError``: usage for a text without words, data for one that cannot be encoded.
  public func text(_ text: String) throws -> [Float] {
    guard text.contains(where: { $0.isLetter || $0.isNumber }) else {
      throw IeumError(.usage, "the query '\(text)' has no words", remedy: "describe what to look for")
    }
    guard let result = try texts([text]).first else { throw IeumError(.system, "the text has no vector") }
    return try result.get()
  }

  public func media(_ media: QueryMedia) throws -> [Float] {
    guard let result = try self.media([media]).first else { throw IeumError(.system, "the picture has no vector") }
    return try result.get()
  }
}
