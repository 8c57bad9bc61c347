import Basics
import Datasets

/// Measures the way from a media file to what an encoder reads, on one thread.
public struct MediaBench {
  private let path: String
  private let frames: Int
  private let isFilm: Bool

  /// - Parameter frames: taken from a film at equal distances.
  public init(path: String, frames: Int) throws {
    (self.path, self.frames) = (path, frames)
    isFilm = MediaKind(of: path) == .film
    try read()
  }

  /// Items are pictures read, resized and normalised, or films of which the frames were read.
  public func sample(seconds: Double) throws -> Sample {
    try Sample.of(seconds) {
      try read()
      return 1
    }
  }

  /// Where the time goes; of a film also how many frames had to be decoded for those that were wanted.
  public func profile(seconds: Double) throws -> StageProfile {
    try StageProfile.of(note: isFilm ? try Self.told(readFilm()) : nil) { try sample(seconds: seconds) }
  }

  private func read() throws {
    if isFilm {
      _ = try readFilm()
    } else {
      let picture = try Stages.time("decoding") { try ImageDecoder.decode(path) }
      _ = try Stages.time("resizing, normalising") { try ImagePreprocessor.apply(picture, Self.preprocessing) }
    }
  }

  private func readFilm() throws -> (film: VideoFile, chosen: [Int]) {
    let film = try Stages.time("opening") { try VideoFile(path) }
    let chosen = try FrameSampling(name: "uniform", frames: frames).frames(of: film.table)
    _ = try film.pictures(chosen)
    Stages.add(Stage("decoding (libavcodec)", seconds: film.cost.decoding))
    Stages.add(Stage("conversion to RGB", seconds: film.cost.converting))
    return (film, chosen)
  }

  private static func told(_ read: (film: VideoFile, chosen: [Int])) -> String {
    "for \(Set(read.chosen).count) frames \(read.film.cost.frames) of \(read.film.table.count) were decoded"
  }

  /// torchvision's for ResNet, but straight to the size of the crop.
  private static let preprocessing = ImagePreprocessing(
    resize: 224, crop: 224, interpolation: .bilinear, mean: ImagePreprocessing.imageNetMean,
    std: ImagePreprocessing.imageNetStd)
}
