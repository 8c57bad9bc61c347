import Basics
import Datasets
import Testing

@Suite struct ShotCutsTests {
  private static let colours: [[Double]] = [[200, 60, 40], [40, 160, 220], [90, 200, 80], [230, 220, 200], [30, 20, 40]]

  /// A picture of a shot: its colour, lighter to the bottom, noise, and a white bar that moves.
  private func picture(_ shot: Int, _ frame: Int, _ noise: inout SeededGenerator) -> RGBImage {
    let (width, height) = (96, 64)
    var pixels: [UInt8] = []
    for y in 0..<height {
      for x in 0..<width {
        let isBar = (x - 2 * frame % width + width) % width < 8
        for colour in Self.colours[shot] {
          let value = isBar ? 255 : colour + 20 * Double(y) / Double(height) + 12 * (noise.uniform() - 0.5)
          pixels.append(UInt8(max(0, min(255, value))))
        }
      }
    }
    return RGBImage(width: width, height: height, pixels: pixels)
  }

  /// Shots of so many frames, at 25 a second.
  private func film(_ lengths: [Int], in folder: String) throws -> VideoFile {
    let path = folder + "/film.mp4"
    var video = MediaWriter.Video(width: 96, height: 64, ticksPerSecond: 25)
    (video.codec, video.pixelFormat, video.options) = ("libx264", "yuv420p", "preset=ultrafast:crf=20")
    let writer = try MediaWriter(path, video: video)
    var (noise, time) = (SeededGenerator(seed: 1), 0)
    for (shot, length) in lengths.enumerated() {
      for frame in 0..<length {
        try writer.append(picture(shot, frame, &noise), at: time)
        time += 1
      }
    }
    try writer.finish()
    return try VideoFile(path)
  }

  @Test func cutsAreFoundToTheFrame() throws {
    try withTemporaryFolder { folder in
      let film = try film([60, 15, 51, 99], in: folder)
      func times(_ shortest: Double) throws -> [Int] {
        try ShotCuts.times(in: film, shortest: shortest).map { Int((100 * $0).rounded()) }
      }
      #expect(try times(0.5) == [240, 300, 504])
      // The shot of 15 frames is too short to stand alone: it stays with the one before it.
      #expect(try times(1) == [240, 504])
    }
  }

  @Test func whatMovesIsNoCutNorIsTheVeryEnd() throws {
    try withTemporaryFolder { folder in
      for lengths in [[120], [50, 20], [1]] {
        let times = try ShotCuts.times(in: film(lengths, in: folder))
        #expect(times == [], "\(lengths)")
      }
    }
  }
}
