import Basics
import Datasets
import Models

/// One vector per sampled frame of a film, by an image encoder.
struct FilmFrames: MediaEncoder {
  /// What an experiment may say about frames.
  static let parameters = [
    ParameterSpec("frames", default: .int(12), "frames taken of a film"),
    ParameterSpec("sampling", default: .string("uniform"), "uniform, clip4clip or fps=r"),
  ]

  /// Changes whenever the same film would give other pixels.
  private static let codeVersion = 1
  /// Frames of one film that are held at a time.
  private static let most = 32

  let encoder: ImageEncoder
  let sampling: FrameSampling
  let digest: String

  var name: String { encoder.spec.name }
  var modality: FeatureAttributes.Modality { .video }
  var dimension: Int { encoder.dimension }
  var isSequence: Bool { true }

  init(_ encoder: ImageEncoder, sampling: FrameSampling) {
    self.encoder = encoder
    self.sampling = sampling
    digest = FilmFrames.digest(encoder.digest, sampling)
  }

  static func digest(_ encoder: String, _ sampling: FrameSampling) -> String {
    ImageDecoder.joined(to: Digest.of("\(encoder) frames \(codeVersion) \(sampling)"))
  }

  func encode(_ parts: [MediaPart], _ shares: inout WaitingShares) -> [Result<[Float], any Error>] {
    let preprocessing = encoder.preprocessing
    let begun = shares.read {
      let films = Parallel.map(parts) { part in Result { try SampledFilm(part, sampling) } }
      let heads = Parallel.map(films) { film in
        Result { try film.get().next(Self.most, preprocessing) }
      }
      return zip(films, heads)
    }
    return begun.map { film, head in
      Result { try vectors(of: try film.get(), beginning: try head.get(), preprocessing, &shares) }
    }
  }

  private func vectors(
    of film: SampledFilm, beginning: [[Float]], _ preprocessing: ImagePreprocessing, _ shares: inout WaitingShares
  ) throws -> [Float] {
    var rows: [Float] = []
    var images = beginning
    while !images.isEmpty {
      rows += try encoder.encode(pixels: images.flatMap { $0 }, count: images.count)
      images = try shares.read { try film.next(Self.most, preprocessing) }
    }
    return film.places.flatMap { rows[$0 * dimension..<($0 + 1) * dimension] }
  }
}

/// The sampled frames of one film (or the stills of an item), decoded a few at a time.
private final class SampledFilm {
  private enum Source {
    case film(VideoFile, frames: [Int])
    case stills([String])
  }

  private let source: Source
  private var position = 0
  /// For each sampled frame its place among the distinct ones.
  let places: [Int]

  init(_ part: MediaPart, _ sampling: FrameSampling) throws {
    switch part.source {
    case .file(let path, let start, let end):
      let video = try VideoFile(path, start: start, end: end)
      let sampled = sampling.frames(of: video.table)
      let frames = Array(Set(sampled)).sorted()
      let place = Dictionary(uniqueKeysWithValues: frames.enumerated().map { ($1, $0) })
      places = sampled.compactMap { place[$0] }
      source = .film(video, frames: frames)
    case .stills(let paths):
      // As a film of as many frames, each a second long.
      let table = FrameTable(times: paths.indices.map(Int64.init), lastDuration: 1, tick: 1)
      places = sampling.frames(of: table)
      source = .stills(paths)
    case .sound, .nothing: throw IeumError(.data, MediaPart.noPictures, place: part.id)
    }
  }

  /// The encoder's input for the next distinct frames, none when all are done.
  func next(_ most: Int, _ preprocessing: ImagePreprocessing) throws -> [[Float]] {
    defer { position += most }
    switch source {
    case .film(let video, let frames):
      let piece = Array(frames.dropFirst(position).prefix(most))
      guard !piece.isEmpty else { return [] }
      return try video.map(piece) { try ImagePreprocessor.apply($0, preprocessing) }
    case .stills(let paths):
      return try paths.dropFirst(position).prefix(most).map {
        try ImagePreprocessor.apply(ImageDecoder.decode($0), preprocessing)
      }
    }
  }
}
