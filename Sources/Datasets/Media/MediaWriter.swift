import Basics
import CLibAV

/// Writes a film with an optional mono sound: the container follows the file name's ending.
///
/// Equal frames and settings give equal bytes with the same libraries. The file is of no use before
/// ``finish()``.
public final class MediaWriter {
  /// How pictures are encoded.
  public struct Video: Sendable {
    public var width: Int
    public var height: Int
    /// Ticks per second of the frames' times: the frame rate, where frames come at one rate.
    public var ticksPerSecond: Int
    /// An encoder of libavcodec, as in `libx264`, `libvpx-vp9`, `mpeg4`, `gif`.
    public var codec = "libx264"
    public var pixelFormat = "yuv420p"
    /// Frames from one key frame to the next.
    public var keyInterval = 12
    public var bFrames = 2
    /// The encoder's own settings, `key=value:key=value`.
    public var options = ""
    /// Quarter turns clockwise that a player shall make.
    public var turns = 0

    public init(width: Int, height: Int, ticksPerSecond: Int) {
      self.width = width
      self.height = height
      self.ticksPerSecond = ticksPerSecond
    }
  }

  /// How sound is encoded: mono.
  public struct Sound: Sendable {
    public var rate: Int
    public var codec = "aac"
    public var bitRate = 64_000

    public init(rate: Int) { self.rate = rate }
  }

  private let path: String
  private let handle: OpaquePointer
  private let video: Video?

  /// - Parameter container: a muxer of libavformat, where the file name does not tell.
  /// - Throws: ``IeumError`` when the file cannot be made or an encoder is missing or refuses its settings.
  public init(_ path: String, video: Video?, sound: Sound? = nil, container: String? = nil) throws {
    var writer: OpaquePointer?
    try MediaShim.call(path, "file") { clibav_writer_open(path, container, &writer, $0, $1) }
    guard let writer else { throw IeumError(.system, "the file did not open", file: path) }
    self.path = path
    self.video = video
    handle = writer
    if let video {
      var settings = clibav_video_settings(
        width: Int32(video.width), height: Int32(video.height), tick_num: 1,
        tick_den: Int32(video.ticksPerSecond),
        key_interval: Int32(video.keyInterval), b_frames: Int32(video.bFrames), turns: Int32(video.turns))
      try MediaShim.call(path, "encoder '\(video.codec)'") {
        clibav_writer_add_video(writer, video.codec, video.pixelFormat, video.options, &settings, $0, $1)
      }
    }
    if let sound {
      try MediaShim.call(path, "encoder '\(sound.codec)'") {
        clibav_writer_add_sound(writer, sound.codec, Int32(sound.rate), Int64(sound.bitRate), $0, $1)
      }
    }
    try MediaShim.call(path, "file") { clibav_writer_start(writer, $0, $1) }
  }

  deinit { clibav_writer_close(handle) }

  /// Whether this build of libavcodec has an encoder.
  public static func hasEncoder(_ name: String) -> Bool { clibav_has_encoder(name) != 0 }

  /// Adds a picture that is shown from `time` ticks on; times rise.
  public func append(_ image: RGBImage, at time: Int) throws {
    guard let video, image.width == video.width, image.height == video.height else {
      throw IeumError(
        .system, "a picture of \(image.width)×\(image.height) does not fit the film", file: path)
    }
    try MediaShim.call(path, "file") { clibav_writer_frame(handle, image.pixels, Int64(time), $0, $1) }
  }

  /// Adds mono samples in −1…1.
  public func append(samples: [Float]) throws {
    try MediaShim.call(path, "file") { clibav_writer_sound(handle, samples, Int64(samples.count), $0, $1) }
  }

  /// Writes what is left; the file is whole afterwards.
  public func finish() throws {
    try MediaShim.call(path, "file") { clibav_writer_finish(handle, $0, $1) }
  }
}
