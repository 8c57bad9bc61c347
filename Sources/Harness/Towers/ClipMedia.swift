import Basics
import Datasets

/// The pictures and the sound of an item, wherever they come from, decoded when they are asked for.
struct ClipMedia {
  let item: DatasetItem

  init(_ item: DatasetItem) { self.item = item }

  var hasPictures: Bool { item.videoPath != nil || !item.imagePaths.isEmpty }

  /// The number of sampled frames, the film's timestamps read but no picture decoded.
  func pictureCount(_ sampling: FrameSampling) throws -> Int { try sampled(sampling).frames.count }

  /// Some of the sampled frames, each mapped as soon as it is decoded.
  /// - Parameter numbers: places among the sampled frames; nil = all, in order.
  func pictures<T>(
    _ sampling: FrameSampling, numbers: [Int]? = nil, _ transform: (RGBImage) throws -> T
  ) throws -> [T] {
    let (film, frames) = try sampled(sampling)
    let wanted = (numbers ?? Array(frames.indices)).map { frames[min($0, frames.count - 1)] }
    if let film { return try film.map(wanted, transform) }
    return try wanted.map { try transform(ImageDecoder.decode(item.imagePaths[$0])) }
  }

  /// The film, or nil for stills, and the frames that the sampling takes; stills count as a film of one frame a second.
  private func sampled(_ sampling: FrameSampling) throws -> (film: VideoFile?, frames: [Int]) {
    if let path = item.videoPath {
      let film = try VideoFile(path, start: item.start, end: item.end)
      return (film, sampling.frames(of: film.table))
    }
    guard !item.imagePaths.isEmpty else {
      throw IeumError(.data, MediaPart.noPictures, place: "item '\(item.id)'")
    }
    let table = FrameTable(times: item.imagePaths.indices.map(Int64.init), lastDuration: 1, tick: 1)
    return (nil, sampling.frames(of: table))
  }
}
