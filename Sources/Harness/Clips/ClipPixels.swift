import Basics
import Datasets
import Foundation
import Models
import Tensors

/// The frames of a dataset's items as bytes, decoded once and kept in a file that all processes read from.
///
/// Sets whose frames would fill more than ``mostStored`` bytes are decoded whenever a batch needs them.
struct ClipPixels: Sendable {
  /// Side of the square pictures.
  let side: Int
  private let items: [String: DatasetItem]
  private let sampling: FrameSampling
  private let stored: PixelFile?

  static let mostStored = 16 << 30
  private static let codeVersion = 1
  /// Bytes 0…255 as they are: resized and cropped like any encoder's input, normalised later.
  private static func preprocessing(_ side: Int) -> ImagePreprocessing {
    ImagePreprocessing(
      resize: side, crop: side, interpolation: .bicubic, mean: [0, 0, 0], std: [Float](repeating: 1 / 255, count: 3))
  }

  static func path(_ dataset: Dataset, side: Int, sampling: FrameSampling, cache: Cache) -> String? {
    let bytes = dataset.allItems.reduce(0) { $0 + most(of: $1, sampling) * 3 * side * side }
    guard bytes <= mostStored else { return nil }
    let digest = ImageDecoder.joined(to: Digest.of("pixels \(codeVersion) \(dataset.digest) \(side) \(sampling)"))
    return "\(cache.root)/pixels/\(dataset.name)-\(side)-\(digest.prefix(16)).u8"
  }

  /// Whether frames of any version of a dataset are stored, told without loading it.
  static func areStored(_ dataset: String, cache: Cache) -> Bool {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: cache.root + "/pixels")) ?? []
    return names.contains { $0.hasPrefix(dataset + "-") && $0.hasSuffix(".u8") }
  }

  private static func most(of item: DatasetItem, _ sampling: FrameSampling) -> Int {
    guard item.videoPath != nil else { return max(1, item.imagePaths.count) }
    switch sampling {
    case .uniform(let count), .clip4clip(let count): return count
    case .rate(let rate): return Int(rate * ((item.end ?? 60) - (item.start ?? 0))) + 1
    }
  }

  /// - Throws: ``IeumError`` (data) when no item can be decoded.
  init(_ dataset: Dataset, side: Int, sampling: FrameSampling, cache: Cache, progress: Progress) throws {
    self.side = side
    self.sampling = sampling
    items = Dictionary(dataset.allItems.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    guard let path = Self.path(dataset, side: side, sampling: sampling, cache: cache) else {
      stored = nil
      return
    }
    let frame = 3 * side * side
    stored = try cache.once(path, read: { try PixelFile(path, frame: frame) }) {
      progress.start("\(dataset.name) → pixels", total: dataset.allItems.count)
      defer { progress.finish() }
      try PixelFile.write(dataset.allItems, frame: frame, to: path, progress) { try Self.decode($0, side: side, sampling) }
      return try PixelFile(path, frame: frame)
    }
  }

  /// Whether the item has frames; those of sets that are not stored are not looked at yet.
  func has(_ id: String) -> Bool { stored.map { $0.count(of: id) > 0 } ?? (items[id] != nil) }

  /// Items that could not be decoded, and why.
  var errors: [String: String] { stored?.errors ?? [:] }

  /// The frames of an item, `[F, 3, side, side]`.
  /// - Throws: ``IeumError`` (data) when it cannot be decoded.
  func frames(of id: String) throws -> [UInt8] {
    if let stored {
      guard stored.count(of: id) > 0 else { throw IeumError(.data, errors[id] ?? "has no frames", place: "item '\(id)'") }
      return stored.frames(of: id)
    }
    guard let item = items[id] else { throw IeumError(.data, "is no item of the dataset", place: "item '\(id)'") }
    return try Self.decode(item, side: side, sampling)
  }

  private static func decode(_ item: DatasetItem, side: Int, _ sampling: FrameSampling) throws -> [UInt8] {
    let preprocessing = preprocessing(side)
    func bytes(_ image: RGBImage) throws -> [UInt8] {
      try ImagePreprocessor.apply(image, preprocessing).map { UInt8(max(0, min(255, $0.rounded()))) }
    }
    guard let path = item.videoPath else {
      guard !item.imagePaths.isEmpty else {
        throw IeumError(.data, "has neither film nor pictures", place: "item '\(item.id)'")
      }
      return try item.imagePaths.flatMap { try bytes(ImageDecoder.decode($0)) }
    }
    let film = try VideoFile(path, start: item.start, end: item.end)
    // A short film has fewer frames than are asked for; each counts once.
    let wanted = Array(Set(sampling.frames(of: film.table))).sorted()
    return try film.map(wanted, bytes).flatMap { $0 }
  }
}

/// Frames of many items, one after the other, and beside them a list of where each item's are.
struct PixelFile: Sendable {
  private struct Index: Codable {
    struct Entry: Codable {
      let id: String
      /// First frame, and how many.
      let start: Int
      let count: Int
    }
    var entries: [Entry] = []
    var errors: [String: String] = [:]
  }

  let errors: [String: String]
  private let data: Data
  private let frame: Int
  private let places: [String: Range<Int>]

  init(_ path: String, frame: Int) throws {
    guard let listed = FileManager.default.contents(atPath: path + ".json"),
      let index = try? JSONDecoder().decode(Index.self, from: listed),
      let data = try? Data(contentsOf: URL(fileURLWithPath: path), options: .alwaysMapped),
      let last = index.entries.last.map({ $0.start + $0.count }), data.count == last * frame
    else { throw IeumError(.data, "is damaged", file: path, remedy: "delete it; it is made again") }
    (self.data, self.frame, errors) = (data, frame, index.errors)
    places = Dictionary(
      index.entries.map { ($0.id, $0.start..<$0.start + $0.count) }, uniquingKeysWith: { first, _ in first })
  }

  func count(of id: String) -> Int { places[id]?.count ?? 0 }

  func frames(of id: String) -> [UInt8] {
    guard let place = places[id] else { return [] }
    return [UInt8](data[place.lowerBound * frame..<place.upperBound * frame])
  }

  /// Decodes items on all cores; those that fail are listed.
  /// - Throws: ``IeumError`` (data) when all of them fail.
  static func write(
    _ items: [DatasetItem], frame: Int, to path: String, _ progress: Progress, decode: (DatasetItem) throws -> [UInt8]
  ) throws {
    let temporary = try AtomicFile.temporaryPath(for: path)
    guard FileManager.default.createFile(atPath: temporary, contents: nil),
      let file = FileHandle(forWritingAtPath: temporary)
    else {
      throw IeumError(.system, "cannot be written", file: temporary, remedy: "check space and permissions")
    }
    var index = Index()
    var next = 0
    for start in stride(from: 0, to: items.count, by: 64) {
      let piece = Array(items[start..<min(start + 64, items.count)])
      for (item, result) in zip(piece, Parallel.map(piece) { item in Result { try decode(item) } }) {
        switch result {
        case .success(let pixels):
          try file.write(contentsOf: pixels)
          index.entries.append(.init(id: item.id, start: next, count: pixels.count / frame))
          next += pixels.count / frame
        case .failure(let error): index.errors[item.id] = SkippedItems.reason(error)
        }
      }
      progress.advance(piece.count)
    }
    try file.close()
    guard next > 0 else {
      unlink(temporary)
      throw IeumError(
        .data, "none of the \(items.count) items can be decoded", place: index.errors.first.map { "\($0.key): \($0.value)" },
        remedy: "see `ieum data check`")
    }
    try AtomicFile.write(try JSONEncoder().encode(index), to: path + ".json")
    try AtomicFile.commit(temporary, to: path)
  }
}
