import Basics
import Datasets
import Foundation
import HDF5
import Testing

/// Features of other programs on the command line: `ieum features import`.
@Suite struct ImportCommandTests {
  private static let golden = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .path + "/WeightsTests/Golden"

  /// An array of float32 as `numpy.save` writes it; every element is its number.
  private func npy(_ shape: [Int], _ value: (Int) -> Float = { Float($0) }) -> Data {
    let text = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(shape.map { "\($0), " }.joined())), }"
    let header = text + String(repeating: " ", count: (64 - (11 + text.utf8.count) % 64) % 64) + "\n"
    let values = (0..<shape.reduce(1, *)).map(value)
    return Data([0x93]) + Data("NUMPY".utf8) + Data([1, 0, UInt8(header.utf8.count & 255), UInt8(header.utf8.count >> 8)])
      + Data(header.utf8) + values.withUnsafeBytes { Data($0) }
  }

  @Test func picklesOfExperts() throws {
    let folder = try TestFolder()
    let out = folder.file("v.h5")
    let run = try Program.run("features", "import", "\(Self.golden)/features-4.pkl", "--name", "senet154", "--out", out)
    #expect(run.status == 0 && run.output == out + "\n" && run.errors.contains("1 item(s) have no features"), "\(run.errors)")
    let file = try FeatureFile.read(out)
    #expect(file.ids == ["video0", "video1", "video2", "video4", "video5"] && file.errors.map(\.id) == ["video3"])
    #expect(file.offsets == [0, 2, 4, 5, 6, 7] && file.dimension == 3 && file.attributes.encoder == "senet154")
    #expect(file.vectors(of: "video1").map(Array.init) == [0, 1, 2, 3, 4, 5])
    // Arrays in lists are those of sentences.
    let texts = folder.file("t.h5")
    #expect(
      try Program.run("features", "import", "\(Self.golden)/captions.pkl", "--modality", "text", "--out", texts).status == 0)
    #expect(try FeatureFile.read(texts).ids == ["video0#0", "video0#1", "video1#0"])
    #expect(try FeatureFile.read(texts).attributes.modality == .text)
    let bad = try Program.run("features", "import", "\(Self.golden)/calls.pkl", "--out", folder.file("x.h5"))
    #expect(bad.status == 65 && bad.errors.contains("nothing was executed"))
    #expect(!FileManager.default.fileExists(atPath: folder.file("x.h5")))
    #expect(try Program.run("features", "import", "--out", folder.file("x.h5")).status == 64)
    #expect(try Program.run("features", "import", folder.file("none.pkl"), "--out", folder.file("x.h5")).status == 65)
  }

  @Test func arraysWithTheirIds() throws {
    let folder = try TestFolder()
    let (array, ids, out) = (folder.file("a.npy"), folder.file("ids.txt"), folder.file("v.h5"))
    try AtomicFile.write(npy([3, 2]), to: array)
    try folder.write("b\na\nc\n", "ids.txt")
    #expect(try Program.run("features", "import", array, "--ids", ids, "--modality", "image", "--out", out).status == 0)
    let file = try FeatureFile.read(out)
    #expect(file.ids == ["b", "a", "c"] && file.features == [0, 1, 2, 3, 4, 5] && file.offsets == nil)
    #expect(try Program.run("features", "import", array, "--out", out).status == 64)
    try folder.write("b\na\n", "ids.txt")
    let short = try Program.run("features", "import", array, "--ids", ids, "--out", out)
    #expect(short.status == 65 && short.errors.contains("has the shape [3, 2] for 2 ids"))
    try folder.write("b\na\na\n", "ids.txt")
    #expect(try Program.run("features", "import", array, "--ids", ids, "--out", out).status == 65)
  }

  /// vsepp's folder, from its arrays to recall.
  @Test func precomputedFeaturesAreRanked() throws {
    let folder = try TestFolder()
    for (part, pictures) in [("train", 3), ("dev", 2), ("test", 4)] {
      // One row per sentence in train: five equal ones.
      let rows = part == "train" ? 5 * pictures : pictures
      try AtomicFile.write(
        npy([rows, 4]) { place in (place / 4) / (rows / pictures) == place % 4 ? 1 : 0 }, to: folder.file("\(part)_ims.npy"))
      try folder.write((0..<5 * pictures).map { "\(part) \($0)\n" }.joined(), "\(part)_caps.txt")
    }
    let out = folder.file("v.h5")
    let run = try Program.run(
      "features", "import", "--dataset", "precomputed", "--root", folder.path, "--modality", "image", "--out", out)
    #expect(run.status == 0, "\(run.errors)")
    let file = try FeatureFile.read(out)
    #expect(Set(file.ids) == Set((0..<3).map { "train/\($0)" } + (0..<2).map { "dev/\($0)" } + (0..<4).map { "test/\($0)" }))
    #expect(file.vectors(of: "train/2").map(Array.init) == [0, 0, 1, 0] && file.attributes.dataset == "precomputed")
    // Sentences that point at their pictures.
    let texts = try HDF5File(creating: folder.file("t.h5"))
    let names = (0..<4).flatMap { picture in (0..<5).map { "test/\(picture)#\($0)" } }
    try texts.write("ids", strings: names)
    try texts.write("features", floats: (0..<80).map { $0 / 4 / 5 == $0 % 4 ? 1 : 0 }, shape: [20, 4])
    try texts.close()
    let eval = try Program.run(
      "eval", "--dataset", "precomputed", "--root", folder.path, "--texts", folder.file("t.h5"), "--items", out,
      "--protocol", "standard", "--metric", "R@1")
    #expect(eval.status == 0 && eval.output.contains("100"), "\(eval.errors)\(eval.output)")
    // Rows of one picture that differ.
    try AtomicFile.write(npy([15, 4]), to: folder.file("train_ims.npy"))
    let odd = try Program.run("features", "import", "--dataset", "precomputed", "--root", folder.path, "--out", out)
    #expect(odd.status == 65 && odd.errors.contains("row 1 differs from row 0"))
  }

  /// MMT: a file for every video, in folders of the id's first characters.
  @Test func aFileForEveryVideo() throws {
    let folder = try TestFolder()
    for (number, id) in ["video0", "video1", "video2"].enumerated() {
      let path = folder.file("feats/v/i/d/\(id).h5")
      try FileManager.default.createDirectory(
        atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
      let file = try HDF5File(creating: path)
      if number < 2 {
        try file.write("features.vggish", floats: (0..<(number + 1) * 2).map(Float.init), shape: [number + 1, 2])
      }
      try file.write("features.s3d", floats: [1, 2, 3], shape: [1, 3])
      try file.close()
    }
    let out = folder.file("v.h5")
    let run = try Program.run("features", "import", folder.file("feats"), "--expert", "vggish", "--modality", "audio", "--out", out)
    #expect(run.status == 0, "\(run.errors)")
    let file = try FeatureFile.read(out)
    #expect(file.ids == ["video0", "video1"] && file.offsets == [0, 1, 3] && file.errors.map(\.id) == ["video2"])
    #expect(try Program.run("features", "import", folder.file("feats"), "--out", out).status == 64)
    let none = try Program.run("features", "import", folder.file("feats"), "--expert", "face", "--out", out)
    #expect(none.status == 65 && none.errors.contains("no file has 'features.face'"))
  }
}
