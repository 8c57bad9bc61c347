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

  private func read() throws {
    if isFilm {
      let film = try Stages.time("opening") { try VideoFile(path) }
      let chosen = try FrameSampling(name: "uniform", frames: frames).frames(of: film.table)
      _ = try Stages.time("seeking, decoding, to RGB") { try film.pictures(chosen) }
    } else {
      let picture = try Stages.time("decoding") { try ImageDecoder.decode(path) }
      _ = try Stages.time("resizing, normalising") { try ImagePreprocessor.apply(picture, Self.preprocessing) }
    }
  }

  /// torchvision's for ResNet, but straight to the size of the crop.
  private static let preprocessing = ImagePreprocessing(
    resize: 224, crop: 224, interpolation: .bilinear, mean: ImagePreprocessing.imageNetMean,
    std: ImagePreprocessing.imageNetStd)
}
