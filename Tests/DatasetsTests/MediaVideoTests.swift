import Basics
import Datasets
import Foundation
import Testing

@Suite struct MediaVideoTests {
  static let films: [NumberedFilm] = [
    NumberedFilm(),
    NumberedFilm(name: "long-groups.mp4", keyInterval: 250, bFrames: 3),
    NumberedFilm(
      name: "open-groups.mkv", options: "preset=medium:crf=20:x264-params=open-gop=1:bframes=3",
      keyInterval: 8, bFrames: 3),
    NumberedFilm(name: "pyramid.mov", options: "preset=medium:b-pyramid=normal", keyInterval: 20, bFrames: 5),
    NumberedFilm(name: "vp9.webm", codec: "libvpx-vp9", options: "cpu-used=8:deadline=realtime", bFrames: 0),
    NumberedFilm(
      name: "vp8.webm", codec: "libvpx",
      options: "deadline=realtime:cpu-used=8:auto-alt-ref=1:lag-in-frames=10", bFrames: 0),
    NumberedFilm(name: "mpeg4.avi", codec: "mpeg4", options: "", bFrames: 0),
    NumberedFilm(name: "mpeg4-b.avi", codec: "mpeg4", options: "", bFrames: 2),
    NumberedFilm(name: "h264-b.avi", bFrames: 2),
    NumberedFilm(name: "mpeg2.ts", codec: "mpeg2video", options: "b=2000000", bFrames: 2),
    NumberedFilm(name: "moving.gif", codec: "gif", pixelFormat: "rgb8", options: "", bFrames: 0),
    NumberedFilm(name: "ten-bit.mp4", pixelFormat: "yuv420p10le"),
    NumberedFilm(name: "full-chroma.mkv", pixelFormat: "yuv444p", width: 65, height: 49),
    NumberedFilm(
      name: "rgb.mkv", codec: "ffv1", pixelFormat: "bgr0", options: "", width: 63, height: 47, bFrames: 0),
    NumberedFilm(name: "full-range.avi", codec: "mjpeg", pixelFormat: "yuvj422p", options: "", bFrames: 0),
    NumberedFilm(
      name: "hevc.mp4", codec: "libx265", options: "preset=ultrafast:x265-params=log-level=0", keyInterval: 16
    ),
  ]

  @Test(arguments: films)
  func framesComeByTheirNumber(film: NumberedFilm) throws {
    try withTemporaryFolder { folder in
      let path = try film.write(in: folder)
      let video = try VideoFile(path)
      #expect(video.table.count == 48)
      #expect(abs(video.table.duration - 48.0 / 25) < 0.002)
      let all = try video.pictures(Array(0..<video.table.count))
      #expect(all.map(NumberedFilm.number) == Array(0..<48))
      #expect(all.allSatisfy { $0.width == film.width && $0.height == film.height })
    }
  }

  @Test(arguments: films)
  func aFewFramesAreThoseOfAFullDecode(film: NumberedFilm) throws {
    try withTemporaryFolder { folder in
      let path = try film.write(in: folder)
      let all = try VideoFile(path).pictures(Array(0..<48))
      for wanted in [
        [47], [0], [23], [11, 12, 13], [2, 6, 10, 30, 34, 38, 46], [1, 24, 25], [40, 3, 40, 21],
      ] {
        let video = try VideoFile(path)
        #expect(try video.pictures(wanted) == wanted.map { all[$0] }, "\(wanted)")
        // Also in a second go on the same file, backwards.
        #expect(try video.pictures([5]) == [all[5]])
      }
    }
  }

  @Test func jumpingAndLeavingOutSavesWork() throws {
    try withTemporaryFolder { folder in
      var film = NumberedFilm(times: Array(0..<240))
      film.keyInterval = 24
      let path = try film.write(in: folder)
      let video = try VideoFile(path)
      #expect(try video.pictures([100]).map(NumberedFilm.number) == [100])
      // One group of 24 at most, with the decoder's delay.
      #expect(video.cost.packets <= 26)
      #expect(try video.pictures([20, 220]).map(NumberedFilm.number) == [20, 220])
      #expect(video.cost.packets <= 26 + 50)
      #expect(3...video.cost.packets ~= video.cost.frames)
      #expect(video.cost.decoding > 0 && video.cost.converting > 0)
    }
  }

  @Test(arguments: [1, 5, 12, 48, 100])
  func uniformSamplingTakesTheCentres(n: Int) throws {
    try withTemporaryFolder { folder in
      let path = try NumberedFilm().write(in: folder)
      let video = try VideoFile(path)
      let frames = try FrameSampling(name: "uniform", frames: n).frames(of: video.table)
      let expected = (0..<n).map { Int((Double($0) + 0.5) * 48 / Double(n)) }
      #expect(try video.pictures(frames).map(NumberedFilm.number) == expected)
    }
  }

  @Test func variableRatesGoByTime() throws {
    try withTemporaryFolder { folder in
      // Ten frames at 10 a second, then one that stands for three seconds, then ten more.
      var film = NumberedFilm(times: Array(0..<10) + [10] + (40..<50))
      film.ticksPerSecond = 10
      for name in ["variable.mp4", "variable.mkv"] {
        film.name = name
        let video = try VideoFile(try film.write(in: folder))
        #expect(!video.table.hasConstantRate)
        let frames = try FrameSampling(name: "uniform", frames: 5).frames(of: video.table)
        // 5 s in all: centres at 0.5, 1.5, 2.5, 3.5, 4.5 s.
        #expect(try video.pictures(frames).map(NumberedFilm.number) == [5, 10, 10, 10, 16])
        let seconds = try FrameSampling(name: "fps=1", frames: 1).frames(of: video.table)
        #expect(seconds == [0, 10, 10, 10, 11])
      }
    }
  }

  @Test func roundedTimestampsStillHaveAConstantRate() throws {
    // Matroska rounds to milliseconds: 33, 67, 100 …
    let times = (0..<300).map { Int64((Double($0) * 1001 / 30).rounded()) }
    let table = FrameTable(times: times, lastDuration: 33, tick: 0.001)
    #expect(table.hasConstantRate)
    let frames = try FrameSampling(name: "uniform", frames: 7).frames(of: table)
    #expect(frames == (0..<7).map { (2 * $0 + 1) * 300 / 14 })
  }

  @Test func clip4clipSpreadsOverSeconds() throws {
    func frames(_ seconds: Int, _ n: Int) throws -> [Int] {
      let table = FrameTable(times: (0..<Int64(seconds * 25)).map { $0 }, lastDuration: 1, tick: 0.04)
      return try FrameSampling(name: "clip4clip", frames: n).frames(of: table)
    }
    // The published indices for 20 and 30 seconds.
    #expect(try frames(20, 12) == [0, 1, 3, 5, 6, 8, 10, 12, 13, 15, 17, 19].map { 25 * $0 })
    #expect(try frames(30, 12) == [0, 2, 5, 7, 10, 13, 15, 18, 21, 23, 26, 29].map { 25 * $0 })
    #expect(try frames(2, 4) == [0, 0, 0, 25])
    #expect(try frames(9, 1) == [0])
  }

  @Test func ratesTakeFramesAtTheirTimes() throws {
    let table = FrameTable(times: (0..<100).map { $0 }, lastDuration: 1, tick: 0.04)
    func frames(_ name: String) throws -> [Int] {
      try FrameSampling(name: name, frames: 12).frames(of: table)
    }
    #expect(try frames("fps=1") == [0, 25, 50, 75])
    #expect(try frames("fps=0.5") == [0, 50])
    #expect(try frames("fps=25") == Array(0..<100))
    #expect(try frames("fps=50").count == 200)
  }

  @Test(arguments: ["uniformly", "fps=0", "fps=x", "fps=-1", ""])
  func unknownSamplingsAreRefused(name: String) {
    #expect(throws: IeumError.self) { try FrameSampling(name: name, frames: 12) }
  }

  @Test(arguments: 0..<4)
  func turnedFilmsStandUpright(turns: Int) throws {
    try withTemporaryFolder { folder in
      // The film is stored lying; a player turns it.
      let upright = NumberedFilm(width: 64, height: 64, turns: 0).picture(0b1010_0110_0001)
      let path = "\(folder)/turned.mp4"
      var video = MediaWriter.Video(width: 64, height: 64, ticksPerSecond: 25)
      video.turns = turns
      let writer = try MediaWriter(path, video: video)
      for time in 0..<3 { try writer.append(turned(upright, (4 - turns) % 4), at: time) }
      try writer.finish()
      #expect(try VideoFile(path).pictures([1]).map(NumberedFilm.number) == [0b1010_0110_0001])
    }
  }

  /// Quarter turns clockwise of a square picture.
  private func turned(_ image: RGBImage, _ turns: Int) -> RGBImage {
    guard turns > 0 else { return image }
    let side = image.width
    var pixels = image.pixels
    for y in 0..<side {
      for x in 0..<side {
        for c in 0..<3 { pixels[3 * (y * side + x) + c] = image.pixels[3 * ((side - 1 - x) * side + y) + c] }
      }
    }
    return turned(RGBImage(width: side, height: side, pixels: pixels), turns - 1)
  }

  @Test(arguments: ["part.mp4", "part.mkv"])
  func aPartBeginsWithTheFrameThatIsShown(name: String) throws {
    try withTemporaryFolder { folder in
      let path = try NumberedFilm(name: name, times: Array(0..<200)).write(in: folder)
      let video = try VideoFile(path, start: 3.02, end: 4)
      #expect(video.table.count == 25)
      #expect(try video.pictures([0, 12, 24]).map(NumberedFilm.number) == [75, 87, 99])
      #expect(abs(video.table.time(of: 0) - 3) < 0.001)
      #expect(try VideoFile(path, start: 7.9).pictures([0]).map(NumberedFilm.number) == [197])
      #expect(try VideoFile(path, end: 0.1).table.count == 3)
      #expect(throws: IeumError.self) { try VideoFile(path, start: 5, end: 4) }
    }
  }

  @Test(arguments: ["film.mp4", "film.mkv", "film.webm", "film.avi"])
  func aCutFilmIsRefusedByName(name: String) throws {
    try withTemporaryFolder { folder in
      var film = NumberedFilm(name: name, times: Array(0..<100))
      if name.hasSuffix("webm") {
        (film.codec, film.options) = ("libvpx-vp9", "cpu-used=8:deadline=realtime")
      }
      let path = try film.write(in: folder)
      let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
      for share in [0.0, 0.01, 0.3, 0.7] {
        let cut = "\(folder)/cut-\(name)"
        try bytes.prefix(Int(Double(bytes.count) * share)).write(to: URL(fileURLWithPath: cut))
        let error = #expect(throws: IeumError.self, "\(name) cut to \(share)") {
          let video = try VideoFile(cut)
          _ = try video.pictures(FrameSampling.uniform(12).frames(of: video.table))
        }
        #expect(error?.kind == .data && error?.file == cut)
      }
    }
  }

  /// A part that lies behind the end has no frame, not the last one; one that begins in the last frame has that.
  @Test(arguments: ["film.mp4", "film.webm", "film.mkv"]) func aPartBehindTheEndIsRefused(name: String) throws {
    try withTemporaryFolder { folder in
      var film = NumberedFilm(name: name, tone: 440)
      if name.hasSuffix(".webm") { (film.codec, film.options, film.bFrames) = ("libvpx", "cpu-used=8:deadline=realtime", 0) }
      let path = try film.write(in: folder)
      let whole = try VideoFile(path)
      let end = whole.table.time(of: 47)
      for start in [end + 0.041, 20, 500] {
        let error = refusal { try VideoFile(path, start: start, end: start + 20) }
        #expect(error?.problem == "the part begins after the film's end" && error?.kind == .data, "\(start): \(error as Any)")
        #expect(refusal { try VideoFile(path, start: start) }?.problem == error?.problem)
      }
      #expect(try VideoFile(path, start: end + 0.01, end: end + 20).table.count == 1)
      for start in [20.0, 500] {
        let error = refusal { try Sound.read(path, rate: 8000, start: start, end: start + 20) }
        #expect(error?.problem == "the part begins after the sound's end", "\(start): \(error as Any)")
      }
    }
  }

  @Test func whatIsNoFilmIsRefused() throws {
    try withTemporaryFolder { folder in
      let text = "\(folder)/text.mp4"
      try Data("no film at all, only text\n".utf8).write(to: URL(fileURLWithPath: text))
      let list = "\(folder)/list.m3u8"
      try Data("#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n/etc/hostname\n#EXT-X-ENDLIST\n".utf8)
        .write(to: URL(fileURLWithPath: list))
      let sound = "\(folder)/sound.wav"
      var settings = MediaWriter.Sound(rate: 8000)
      settings.codec = "pcm_s16le"
      let writer = try MediaWriter(sound, video: nil, sound: settings)
      try writer.append(samples: sine(440, rate: 8000, seconds: 1))
      try writer.finish()
      for path in [text, list, sound, folder, "\(folder)/missing.mp4"] {
        let error = #expect(throws: IeumError.self, "\(path)") { try VideoFile(path) }
        #expect(error?.kind == .data && error?.file == path)
      }
      #expect(
        #expect(throws: IeumError.self) { try VideoFile(sound) }?.problem.contains("no moving pictures")
          == true)
    }
  }

  @Test func equalFilmsAreEqualBytes() throws {
    try withTemporaryFolder { folder in
      let film = NumberedFilm(tone: 440)
      let first = try Data(contentsOf: URL(fileURLWithPath: film.write(in: folder)))
      let second = try Data(contentsOf: URL(fileURLWithPath: film.write(in: folder)))
      #expect(first == second && !first.isEmpty)
    }
  }
}
