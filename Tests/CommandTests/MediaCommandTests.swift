import Basics
import Datasets
import Foundation
import HDF5
import Testing

/// Films and sounds on the command line.
@Suite struct MediaCommandTests {
  /// A film of `frames` grey frames, each lighter than the one before, with a tone where asked for.
  private func film(_ path: String, frames: Int = 24, sound: Bool = false) throws {
    let writer = try MediaWriter(
      path, video: .init(width: 32, height: 32, ticksPerSecond: 12), sound: sound ? .init(rate: 8000) : nil)
    for frame in 0..<frames {
      let pixels = [UInt8](repeating: UInt8(frame * 255 / frames), count: 3 * 32 * 32)
      try writer.append(RGBImage(width: 32, height: 32, pixels: pixels), at: frame)
    }
    if sound {
      let samples = (0..<8000 * frames / 12).map { Float(0.3 * sin(0.4 * Double($0))) }
      try writer.append(samples: samples)
    }
    try writer.finish()
  }

  @Test func filmsGiveARowPerSampledFrame() throws {
    try Program.withFolder { folder in
      let (whole, cut) = ("\(folder)/film.mp4", "\(folder)/cut.mp4")
      try film(whole)
      try Data(contentsOf: URL(fileURLWithPath: whole)).prefix(900).write(to: URL(fileURLWithPath: cut))
      let out = "\(folder)/f.h5"
      let run = try Program.run(
        "encode", "--encoder", "resnet18", cut, whole, "--frames", "4", "--sampling", "uniform", "--out", out)
      #expect(run.status == 0 && run.errors.contains("1 input(s)"), "\(run.errors)")
      let file = try FeatureFile.read(out)
      #expect(file.attributes.modality == .video && file.ids == [whole] && file.offsets == [0, 4])
      #expect(file.features.count == 4 * 512 && file.errors.map(\.id) == [cut])
      // Other frames, other vectors; the same frames by another name, the same vectors.
      #expect(file.features[..<512] != file.features[512..<1024])
      let seconds = "\(folder)/s.h5"
      #expect(
        try Program.run("encode", "--encoder", "resnet18", whole, "--sampling", "fps=1", "--out", seconds)
          .status == 0)
      #expect(try FeatureFile.read(seconds).offsets == [0, 2])
      #expect(try Program.run("encode", "--encoder", "resnet18", cut, "--out", seconds).status == 65)
      #expect(
        try Program.run("encode", "--encoder", "resnet18", whole, "--sampling", "fps=no", "--out", seconds)
          .status == 64)
      #expect(
        try Program.run("encode", "--encoder", "resnet18", whole, "--frames", "0", "--out", seconds).status
          == 64)
    }
  }

  @Test func soundsGiveSpectraOrFeatures() throws {
    try Program.withFolder { folder in
      let (loud, silent, out) = ("\(folder)/loud.mp4", "\(folder)/silent.mp4", "\(folder)/f.h5")
      try film(loud, sound: true)
      try film(silent)
      var run = try Program.run(
        "encode", "--encoder", "log-mel", "--param", "sample_rate=8000", "n_mels=20", loud, silent, "--out",
        out)
      #expect(run.status == 0, "\(run.errors)")
      let mel = try FeatureFile.read(out)
      let samples = try Sound.read(loud, rate: 8000).samples.count
      #expect(mel.dimension == 20 && mel.offsets == [0, 1 + samples / 200])
      #expect(mel.errors.count == 1 && mel.errors[0].message.contains("no sound"))
      run = try Program.run(
        "encode", "--encoder", "resnet18-audio", loud, "--param", "seconds=1", "n_mels=32", "--out", out)
      #expect(run.status == 0, "\(run.errors)")
      let features = try FeatureFile.read(out)
      #expect(features.offsets == nil && features.dimension == 512 && features.attributes.modality == .audio)
      #expect(try Program.run("encode", "--encoder", "log-mel", silent, "--out", out).status == 65)
      #expect(
        try Program.run("encode", "--encoder", "log-mel", loud, "--param", "n_fft=0", "--out", out).status
          == 64)
    }
  }

  @Test func aManifestOfFilmPartsFillsTheStore() throws {
    try Program.withFolder { folder in
      try film("\(folder)/a.mp4", frames: 48, sound: true)
      try film("\(folder)/b.mp4")
      let table = """
        id,text,label,split,video,start,end
        a1,one,x,train,a.mp4,0,2
        a2,two,x,test,a.mp4,2,4
        b,three,x,validation,b.mp4,,
        c,four,x,train,b.mp4,one,
        """
      try AtomicFile.write(table, to: "\(folder)/table.csv")
      let check = try Program.run("data", "check", "manifest", "--root", "\(folder)/table.csv")
      #expect(
        check.status == 0 && check.output.contains("3 films")
          && check.output.contains("'one' is not a number"))
      func extract(_ arguments: String...) throws -> FeatureFile {
        let run = try Program.run(
          ["features", "extract", "--dataset", "manifest", "--root", "\(folder)/table.csv"] + arguments,
          cache: "\(folder)/cache")
        #expect(run.status == 0, "\(run.errors)")
        return try FeatureFile.read(run.output.trimmingCharacters(in: .whitespacesAndNewlines))
      }
      let frames = try extract("--encoder", "resnet18", "--frames", "3")
      #expect(Set(frames.ids) == ["a1", "a2", "b"] && frames.offsets == [0, 3, 6, 9])
      #expect(frames.vectors(of: "a1") != frames.vectors(of: "a2"))
      let sounds = try extract("--encoder", "log-mel", "--param", "sample_rate=8000")
      #expect(Set(sounds.ids) == ["a1", "a2"] && sounds.errors.map(\.id) == ["b"])
    }
  }
}
