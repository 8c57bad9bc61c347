import Basics
import Datasets
import Foundation
import HDF5
import Testing

@Suite struct StoreFeatureTests {
  let scratch: StoreScratch
  let attributes = FeatureAttributes(
    modality: .image, dataset: "stamps", datasetDigest: "d1", encoder: "resnet18", encoderDigest: "e1",
    dimension: 3)

  init() throws { scratch = try StoreScratch() }

  private func vector(_ i: Int) -> [Float] { [Float(i) / 7, -Float(i), .leastNonzeroMagnitude] }

  private func build(_ name: String, _ ids: [Int], all: Int = 20) throws -> FeatureFile {
    let writer = try FeatureWriter(scratch.file(name), attributes: attributes, rowsPerShard: 4)
    for i in ids where !writer.finishedIDs.contains("항목\(i)") {
      if i == 5 {
        try writer.fail("항목5", "cut off")
      } else {
        try writer.append(["항목\(i)"], features: vector(i))
      }
    }
    return try writer.finish(order: (0..<all).map { "항목\($0)" })
  }

  @Test func aFeatureFileComesBackBitForBit() throws {
    let written = try build("a.h5", Array((0..<20).reversed()))
    let read = try FeatureFile.read(scratch.file("a.h5"))
    #expect(read.ids == (0..<20).filter { $0 != 5 }.map { "항목\($0)" })
    #expect(read.features == read.ids.indices.flatMap { vector($0 < 5 ? $0 : $0 + 1) })
    #expect(read.features.map(\.bitPattern) == written.features.map(\.bitPattern))
    #expect(read.attributes == attributes && read.dimension == 3 && read.offsets == nil)
    #expect(read.errors == [EncodingFailure(id: "항목5", message: "cut off")])
    #expect(read.vectors(of: "항목7").map { Array($0) } == vector(7))
    #expect(try read.matrix(of: ["항목9", "항목0"]) == vector(9) + vector(0))
    #expect(refusal { try read.matrix(of: ["항목5"]) }?.problem.contains("cut off") == true)
    #expect(scratch.names == ["a.h5"])
  }

  @Test func theFileIsAsTheContractHasIt() throws {
    _ = try build("a.h5", Array(0..<20))
    let file = try HDF5File(reading: scratch.file("a.h5"))
    #expect(try file.stringAttribute("format") == "ieum-features")
    #expect(try file.intAttribute("format_version") == 1)
    #expect(try file.intAttribute("complete") == 1)
    #expect(try file.stringAttribute("modality") == "image")
    #expect(try file.stringAttribute("dataset_digest") == "d1")
    #expect(try file.stringAttribute("encoder_digest") == "e1")
    #expect(try file.intAttribute("dimension") == 3)
    #expect(try file.shape(of: "features") == [19, 3])
    #expect(try file.readStrings("errors/ids") == ["항목5"])
    #expect(try file.readStrings("errors/messages") == ["cut off"])
  }

  /// A killed writer leaves its shards and perhaps a half-written one: simulated by a writer whose folder is
  /// copied away in the middle of its work.
  @Test func aResumedFileHasTheBytesOfAnUndisturbedOne() throws {
    _ = try build("whole.h5", Array(0..<20))
    let writer = try FeatureWriter(scratch.file("other.h5"), attributes: attributes, rowsPerShard: 4)
    for i in 0..<11 where i != 5 { try writer.append(["항목\(i)"], features: vector(i)) }
    try FileManager.default.copyItem(
      atPath: scratch.file("other.h5.parts"), toPath: scratch.file("killed.h5.parts"))
    writer.discard()
    try scratch.write("half a shard", "killed.h5.parts/.000003.h5.99.part")
    try scratch.write("not HDF5", "killed.h5.parts/000009.h5")

    let again = try FeatureWriter(scratch.file("killed.h5"), attributes: attributes)
    #expect(again.finishedIDs == Set([0, 1, 2, 3, 4, 6, 7, 8].map { "항목\($0)" }))
    for i in 0..<20 where !again.finishedIDs.contains("항목\(i)") {
      if i == 5 {
        try again.fail("항목5", "cut off")
      } else {
        try again.append(["항목\(i)"], features: vector(i))
      }
    }
    try again.finish(order: (0..<20).map { "항목\($0)" })
    #expect(try scratch.bytes("killed.h5") == scratch.bytes("whole.h5"))
    #expect(scratch.names == ["killed.h5", "whole.h5"])
  }

  @Test func shardsOfAnotherEncoderAreThrownAway() throws {
    let first = try FeatureWriter(scratch.file("a.h5"), attributes: attributes)
    try first.append(["x"], features: [1, 2, 3])
    try first.flush()
    try FileManager.default.copyItem(atPath: scratch.file("a.h5.parts"), toPath: scratch.file("b.h5.parts"))
    first.discard()
    let other = FeatureAttributes(
      modality: .image, dataset: "stamps", datasetDigest: "d1", encoder: "resnet18", encoderDigest: "e2",
      dimension: 3)
    #expect(try FeatureWriter(scratch.file("b.h5"), attributes: other).finishedIDs.isEmpty)
  }

  @Test func valuesThatAreNotFiniteBecomeFailures() throws {
    let writer = try FeatureWriter(scratch.file("a.h5"), attributes: attributes, half: true)
    try writer.append(["good", "nan", "big"], features: [1, 2, 3, 1, .nan, 3, 1e9, 0, 0])
    #expect(writer.failureCount == 2)
    let file = try writer.finish(order: ["good"])
    #expect(file.ids == ["good"] && file.features == [1, 2, 3])
    #expect(file.errors.map(\.id) == ["nan", "big"])
    #expect(file.errors[0].message.contains("component 1"))
  }

  @Test func sequencesComeBack() throws {
    let writer = try FeatureWriter(scratch.file("v.h5"), attributes: attributes, sequences: true)
    try writer.append("b", frames: [1, 2, 3, 5, 6, 7])
    try writer.append("none", frames: [])
    try writer.append("a", frames: [9, 9, 9])
    let file = try writer.finish(order: ["a", "b"])
    #expect(file.ids == ["a", "b"] && file.offsets == [0, 1, 3])
    #expect(file.vectors(of: "b").map { Array($0) } == [1, 2, 3, 5, 6, 7])
    #expect(try file.matrix(of: ["b"]) == [3, 4, 5])
    #expect(file.errors.map(\.id) == ["none"])
  }

  @Test func misuseIsRefused() throws {
    let writer = try FeatureWriter(scratch.file("a.h5"), attributes: attributes)
    try writer.append(["x"], features: [1, 2, 3])
    #expect(refusal { try writer.append(["x"], features: [1, 2, 3]) }?.problem.contains("'x'") == true)
    #expect(refusal { try writer.append(["y"], features: [1, 2]) } != nil)
  }

  @Test func damagedFilesAreRefused() throws {
    func forged(_ name: String, _ change: (HDF5File) throws -> Void) throws -> IeumError? {
      let file = try HDF5File(creating: scratch.file(name))
      for (key, value) in [
        "format": "ieum-features", "modality": "image", "dataset": "", "dataset_digest": "", "encoder": "e",
        "encoder_digest": "",
      ] { try file.setAttribute(key, value) }
      try file.setAttribute("format_version", 1)
      try file.setAttribute("dimension", 2)
      try file.setAttribute("complete", 1)
      try change(file)
      try file.close()
      return refusal { try FeatureFile.read(scratch.file(name)) }
    }
    let good: (HDF5File) throws -> Void = {
      try $0.write("ids", strings: ["a", "b"])
      try $0.write("features", floats: [1, 2, 3, 4], shape: [2, 2])
    }
    #expect(try forged("good.h5", good) == nil)
    let nan = try forged("nan.h5") {
      try $0.write("ids", strings: ["a", "b"])
      try $0.write("features", floats: [1, 2, .nan, 4], shape: [2, 2])
    }
    #expect(nan?.problem.contains("'b'") == true && nan?.exitCode == 65)
    let twice = try forged("twice.h5") {
      try $0.write("ids", strings: ["a", "a"])
      try $0.write("features", floats: [1, 2, 3, 4], shape: [2, 2])
    }
    #expect(twice?.problem.contains("'a'") == true)
    let shape = try forged("shape.h5") {
      try $0.write("ids", strings: ["a", "b", "c"])
      try $0.write("features", floats: [1, 2, 3, 4], shape: [2, 2])
    }
    #expect(shape?.place == "features")
    let unfinished = try forged("unfinished.h5") {
      try good($0)
      try $0.setAttribute("complete", 0)
    }
    #expect(unfinished?.problem == "is not finished")
    let offsets = try forged("offsets.h5") {
      try $0.write("ids", strings: ["a", "b"])
      try $0.write("frames/features", floats: [1, 2, 3, 4], shape: [2, 2])
      try $0.write("frames/offsets", ints: [0, 3, 2], shape: [3])
    }
    #expect(offsets?.place == "frames/offsets")
    let version = try forged("version.h5") { try $0.setAttribute("format_version", 2) }
    #expect(version?.problem.contains("version 2") == true)
    try scratch.write(scratch.bytes("good.h5").prefix(700), "cut.h5")
    #expect(refusal { try FeatureFile.read(scratch.file("cut.h5")) }?.kind == .data)
  }

  @Test func aFolderThatCannotBeMadeIsASystemError() throws {
    try scratch.write("a file", "blocker")
    let error = refusal { try FeatureWriter(scratch.file("blocker/a.h5"), attributes: attributes) }
    #expect(error?.kind == .system && error?.exitCode == 1 && error?.file?.contains("blocker") == true)
  }
}
