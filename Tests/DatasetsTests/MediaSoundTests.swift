import Basics
import Datasets
import Foundation
import Testing

@Suite struct MediaSoundTests {
  private func write(
    _ name: String, _ samples: [Float], rate: Int, codec: String = "pcm_s16le", in folder: String
  ) throws -> String {
    var settings = MediaWriter.Sound(rate: rate)
    settings.codec = codec
    let writer = try MediaWriter("\(folder)/\(name)", video: nil, sound: settings)
    try writer.append(samples: samples)
    try writer.finish()
    return "\(folder)/\(name)"
  }

  @Test func samplesOfAWaveFileAreUntouched() throws {
    try withTemporaryFolder { folder in
      let samples = sine(440, rate: 16_000, seconds: 0.7)
      let sound = try Sound.read(try write("a.wav", samples, rate: 16_000, in: folder))
      #expect(sound.rate == 16_000 && sound.samples.count == samples.count)
      #expect(zip(sound.samples, samples).allSatisfy { abs($0 - $1) <= 1 / 32768 })
      // On the grid of 16 bits exactly.
      #expect(sound.samples.allSatisfy { ($0 * 32768).rounded() == $0 * 32768 })
    }
  }

  @Test(arguments: [(44_100, 16_000), (8000, 22_050), (48_000, 16_000), (16_000, 48_000), (22_050, 16_000)])
  func resamplingKeepsATone(from: Int, to: Int) throws {
    try withTemporaryFolder { folder in
      let path = try write("a.wav", sine(1000, rate: from, seconds: 1), rate: from, in: folder)
      let sound = try Sound.read(path, rate: to)
      let expected = sine(1000, rate: to, seconds: 1)
      #expect(abs(sound.samples.count - expected.count) <= 1)
      // The ends ring; inside the tone is the tone, in time.
      let inside = 0.05..<0.95
      let worst =
        expected.indices.filter { inside.contains(Double($0) / Double(to)) }
        .map { abs(sound.samples[$0] - expected[$0]) }.max() ?? 1
      #expect(worst < 1e-3, "\(worst)")
    }
  }

  @Test func whatIsAboveTheNewLimitIsSilenced() throws {
    try withTemporaryFolder { folder in
      let path = try write("a.wav", sine(6000, rate: 44_100, seconds: 0.5), rate: 44_100, in: folder)
      let sound = try Sound.read(path, rate: 8000)
      #expect(sound.samples[400..<3600].allSatisfy { abs($0) < 1e-3 })
    }
  }

  @Test func channelsAreAveraged() throws {
    // A WAV file by hand: left 8000, right −2000, third 3000 (no layout that would weigh them).
    let rows: [[Int16]] = Array(repeating: [8000, -2000, 3000], count: 100)
    let body = rows.flatMap { $0 }.flatMap {
      [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)]
    }
    func little(_ value: Int, _ count: Int) -> [UInt8] { (0..<count).map { UInt8(value >> (8 * $0) & 255) } }
    let header: [UInt8] =
      Array("RIFF".utf8) + little(36 + body.count, 4) + Array("WAVEfmt ".utf8) + little(16, 4) + little(1, 2)
      + little(3, 2) + little(8000, 4) + little(8000 * 6, 4) + little(6, 2) + little(16, 2)
      + Array("data".utf8)
      + little(body.count, 4)
    try withTemporaryFile(header + body, named: "three.wav") { path in
      let sound = try Sound.read(path)
      #expect(sound.samples.count == 100)
      #expect(sound.samples.allSatisfy { abs($0 - 3000 / 32768) < 1e-6 })
    }
  }

  @Test(arguments: [("a.ogg", "libvorbis"), ("a.m4a", "aac"), ("a.flac", "flac"), ("a.opus", "libopus")])
  func compressedSoundKeepsItsTime(name: String, codec: String) throws {
    try withTemporaryFolder { folder in
      // Silence, then a tone from 0.5 s on.
      let tone = sine(500, rate: 48_000, seconds: 0.5)
      let samples = [Float](repeating: 0, count: 24_000) + tone
      let sound = try Sound.read(
        try write(name, samples, rate: 48_000, codec: codec, in: folder), rate: 16_000)
      #expect(abs(sound.duration - 1) < 0.03)
      let start = sound.samples.firstIndex { abs($0) > 0.1 } ?? 0
      #expect(abs(Double(start) / 16_000 - 0.5) < 0.01, "\(start)")
    }
  }

  @Test(arguments: ["film.mp4", "film.mkv", "film.webm"])
  func theSoundOfAFilmIsThere(name: String) throws {
    try withTemporaryFolder { folder in
      var film = NumberedFilm(name: name, times: Array(0..<50), tone: 600)
      if name.hasSuffix("webm") {
        (film.codec, film.options) = ("libvpx-vp9", "cpu-used=8:deadline=realtime")
      }
      let path = try film.write(in: folder)
      let content = try MediaContent(of: path)
      #expect(content.hasPictures && content.hasSound)
      let sound = try Sound.read(path, rate: 16_000)
      // Matroska keeps the encoder's run-up of one AAC frame (128 ms at this rate) and the filled-up last
      // one.
      #expect(abs(sound.duration - 2) < 0.256)
      let crossings = zip(sound.samples, sound.samples.dropFirst()).count { $0 < 0 && $1 >= 0 }
      #expect(abs(Double(crossings) / sound.duration - 600) < 40)
    }
  }

  @Test(arguments: ["a.wav", "a.m4a", "a.flac"])
  func aPartIsThatOfTheWhole(name: String) throws {
    try withTemporaryFolder { folder in
      let codec = ["a.wav": "pcm_s16le", "a.m4a": "aac", "a.flac": "flac"][name] ?? ""
      let sweep = (0..<44_100 * 6).map { Float(0.4 * sin(0.02 * Double($0) * (1 + Double($0) / 300_000))) }
      let path = try write(name, sweep, rate: 44_100, codec: codec, in: folder)
      let whole = try Sound.read(path, rate: 16_000)
      for (start, end) in [(0.0, 1.5), (2.3, 3.1), (4.25, 5.5)] {
        let part = try Sound.read(path, rate: 16_000, start: start, end: end)
        let first = Int((start * 16_000).rounded())
        #expect(part.samples.count == Int(((end - start) * 16_000).rounded()))
        let worst = part.samples.indices.map { abs(part.samples[$0] - whole.samples[first + $0]) }.max() ?? 1
        #expect(worst < 1e-4, "\(start): \(worst)")
      }
      #expect(try Sound.read(path, rate: 16_000, start: 5).samples.count == whole.samples.count - 80_000)
    }
  }

  private static let codecs = [
    "a.wav": "pcm_s16le", "a.m4a": "aac", "a.mka": "aac", "a.flac": "flac", "a.ogg": "libvorbis", "a.opus": "libopus",
  ]

  /// Whatever the part, its samples are the whole's bit by bit: from the very beginning, at the file's own rate and at
  /// another, also of noise, for which decoders draw random numbers.
  @Test(arguments: codecs.keys.sorted()) func partsAreExact(name: String) throws {
    try withTemporaryFolder { folder in
      var generator = SeededGenerator(seed: 5)
      let samples = (0..<48_000 * 6).map { place -> Float in
        let tone = 0.3 * sin(0.02 * Double(place) * (1 + Double(place) / 300_000))
        return Float(tone + 0.3 * (generator.uniform() - 0.5))
      }
      let path = try write(name, samples, rate: 48_000, codec: Self.codecs[name] ?? "", in: folder)
      for rate in [nil, 16_000] as [Int?] {
        let whole = try Sound.read(path, rate: rate)
        let ranges: [(Double?, Double?)] = [
          (0, 0.25), (nil, 0.1), (0.003, 0.004), (0.5, 0.75), (1, nil), (2.3, 3.1), (4.25, 5.5), (5.9, nil), (0, 60),
        ]
        for (start, end) in ranges {
          let part = try Sound.read(path, rate: rate, start: start, end: end)
          let first = Int(((start ?? 0) * Double(whole.rate)).rounded())
          let past = min(end.map { Int(($0 * Double(whole.rate)).rounded()) } ?? .max, whole.samples.count)
          #expect(part.rate == whole.rate && part.samples.count == past - first, "\(start ?? -1) to \(end ?? -1)")
          #expect(part.samples == Array(whole.samples[first..<past]), "\(start ?? -1) to \(end ?? -1)")
        }
      }
    }
  }

  /// Far into a file decoding begins near the part: lossless sound is the same to the bit, other sound in its place.
  @Test(arguments: ["a.flac", "a.m4a"]) func farPartsAreInTheirPlace(name: String) throws {
    try withTemporaryFolder { folder in
      let samples: [Float] = (0..<8000 * 130).map { index in
        let phase: Double = 0.0002 * Double(index) * Double(index % 8000)
        return Float(0.4 * sin(phase))
      }
      let path = try write(name, samples, rate: 8000, codec: Self.codecs[name] ?? "", in: folder)
      let (whole, part) = (try Sound.read(path), try Sound.read(path, start: 125.5, end: 126.5))
      let wanted = whole.samples[1_004_000..<1_012_000]
      #expect(part.samples.count == 8000)
      let worst = zip(part.samples, wanted).map { abs($0 - $1) }.max() ?? 1
      #expect(name == "a.flac" ? worst == 0 : worst < 0.05, "\(worst)")
    }
  }

  @Test func windowsAreFilledWithSilence() {
    let sound = Sound(samples: (0..<10).map(Float.init), rate: 10)
    #expect(sound.window(center: 0.5, seconds: 0.4).samples == [3, 4, 5, 6])
    #expect(sound.window(center: 0, seconds: 0.6).samples == [0, 0, 0, 0, 1, 2])
    #expect(sound.window(center: 1, seconds: 0.4).samples == [8, 9, 0, 0])
    #expect(sound.window(center: 5, seconds: 0.2).samples == [0, 0])
    #expect(sound.fitted(to: 0.3).samples == [0, 1, 2])
    #expect(sound.fitted(to: 1.2).samples.suffix(3) == [9, 0, 0])
  }

  @Test func brokenSoundsAreRefusedByName() throws {
    try withTemporaryFolder { folder in
      let path = try write("a.wav", sine(440, rate: 8000, seconds: 2), rate: 8000, in: folder)
      let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
      for count in [0, 20, bytes.count / 2] {
        let cut = "\(folder)/cut.wav"
        try bytes.prefix(count).write(to: URL(fileURLWithPath: cut))
        let error = #expect(throws: IeumError.self, "\(count) bytes") { try Sound.read(cut) }
        #expect(error?.kind == .data && error?.file == cut)
      }
      let silent = try NumberedFilm().write(in: folder)
      #expect(
        #expect(throws: IeumError.self) { try Sound.read(silent) }?.problem.contains("no sound") == true)
      #expect(throws: IeumError.self) { try Sound.read("\(folder)/missing.wav") }
    }
  }
}
