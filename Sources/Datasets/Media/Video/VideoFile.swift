import Basics
import CLibAV

/// A film, or a part of one: its frames are listed at once and decoded when asked for.
///
/// Any file that libavformat reads: MP4, WebM, MKV, AVI, animated GIF … Pictures stand upright (the rotation
/// in the file is applied), alpha is composited on white, colours follow the matrix and range in the file
/// (BT.601 where it names none, as libswscale and the programs built on it do). Non-square pixels are left as
/// they are stored. Not safe for use from several threads at once.
public final class VideoFile {
  public let path: String
  public let table: FrameTable
  private let handle: OpaquePointer
  private let orientation: Orientation

  /// - Parameter start, end: the part to look at, in seconds from the file's beginning; it begins with the
  ///   frame that is shown at `start`. nil = from the first, to the last frame.
  /// - Throws: ``IeumError`` (data) naming the file when it is missing, empty, no film, damaged, cut short,
  ///   without pictures or without a frame in that part.
  public init(_ path: String, start: Double? = nil, end: Double? = nil) throws {
    if let start, let end, start >= end {
      throw IeumError(
        .data, "the part from \(start) s to \(end) s is empty", file: path, remedy: "correct the times")
    }
    var video: OpaquePointer?
    var info = clibav_video_info()
    try MediaShim.call(path, "film") {
      clibav_video_open(
        path, start ?? -1, end ?? -1, Int64(ImageDecoder.maximumPixels), &video, &info, $0, $1)
    }
    guard let video, let times = clibav_video_times(video) else {
      throw IeumError(.system, "the film did not open", file: path)
    }
    self.path = path
    handle = video
    orientation = Orientation(rawValue: Int(info.orientation)) ?? .upright
    table = FrameTable(
      times: Array(UnsafeBufferPointer(start: times, count: Int(info.frames))),
      lastDuration: max(1, info.last_duration), tick: Double(info.tick_num) / Double(info.tick_den))
  }

  deinit { clibav_video_close(handle) }

  /// What reading has cost so far.
  public struct Cost: Sendable {
    /// Packets sent to the decoder, and frames that it gave: fewer, since some need not be decoded.
    public let packets, frames: Int
    /// Seconds in the decoder and in the conversion to RGB.
    public let decoding, converting: Double
  }

  public var cost: Cost {
    let cost = clibav_video_cost_of(handle)
    return Cost(
      packets: Int(cost.packets), frames: Int(cost.frames), decoding: cost.decoding, converting: cost.converting)
  }

  /// Decodes frames and maps each as soon as it is there, so that no more than one is held.
  /// - Parameter frames: numbers in ``table``, in any order, also repeated (decoded and mapped once).
  /// - Returns: one value per entry of `frames`.
  /// - Throws: ``IeumError`` (data) when a frame is damaged, and whatever `transform` throws.
  public func map<T>(_ frames: [Int], _ transform: (RGBImage) throws -> T) throws -> [T] {
    precondition(frames.allSatisfy { table.times.indices.contains($0) }, "frames \(frames) of \(table.count)")
    let wanted = Array(Set(frames)).sorted().map(Int64.init)
    let orientation = orientation
    var values: [Int64: T] = [:]
    var failure: (any Error)?
    try withoutActuallyEscaping(transform) { transform in
      let sink = FrameSink { position, image in
        do {
          values[wanted[position]] = try transform(orientation.applied(to: image))
          return true
        } catch {
          failure = error
          return false
        }
      }
      try read(wanted, into: sink)
    }
    if let failure { throw failure }
    return try frames.map { frame in
      guard let value = values[Int64(frame)] else {
        throw IeumError(
          .data, "frame \(frame) cannot be decoded", file: path, remedy: "fetch or export the film again")
      }
      return value
    }
  }

  /// The pictures of some frames.
  public func pictures(_ frames: [Int]) throws -> [RGBImage] { try map(frames) { $0 } }

  private func read(_ wanted: [Int64], into sink: FrameSink) throws {
    let context = Unmanaged.passUnretained(sink).toOpaque()
    try withExtendedLifetime(sink) {
      try MediaShim.call(path, "film") {
        clibav_video_read(handle, wanted, Int64(wanted.count), takeFrame, context, $0, $1)
      }
    }
  }
}

/// Where the shim's pictures go.
private final class FrameSink {
  let take: (Int, RGBImage) -> Bool

  init(_ take: @escaping (Int, RGBImage) -> Bool) { self.take = take }
}

private let takeFrame: clibav_frame_callback = { context, position, image in
  guard let context, let image = image?.pointee, let pixels = image.pixels else { return 1 }
  let (width, height) = (Int(image.width), Int(image.height))
  let picture = RGBImage(
    width: width, height: height, pixels: Array(UnsafeBufferPointer(start: pixels, count: 3 * width * height))
  )
  return Unmanaged<FrameSink>.fromOpaque(context).takeUnretainedValue().take(Int(position), picture) ? 0 : 1
}
