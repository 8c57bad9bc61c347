import Basics
import Foundation
import HDF5
import Testing

/// A folder of its own for each test, removed at the end.
final class Scratch {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "ieum-hdf5-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String) -> String { "\(path)/\(name)" }
}

@Suite struct HDF5FileTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  @Test func numbersComeBackBitForBit() throws {
    let path = scratch.file("a.h5")
    let floats: [Float] = [0, -0.0, 1.5, .leastNonzeroMagnitude, .greatestFiniteMagnitude, -.pi]
    let ints: [Int64] = [.min, -1, 0, .max]
    let doubles: [Double] = [.pi, -.leastNonzeroMagnitude]
    let out = try HDF5File(creating: path)
    try out.write("frames/features", floats: floats, shape: [3, 2])
    try out.write("n", ints: ints, shape: [4])
    try out.write("d", doubles: doubles, shape: [2, 1])
    try out.write("scalar", ints: [7], shape: [])
    try out.write("none", floats: [], shape: [0, 5])
    try out.close()

    let file = try HDF5File(reading: path)
    #expect(try file.readFloats("/frames/features").map(\.bitPattern) == floats.map(\.bitPattern))
    #expect(try file.readInts("n") == ints.map { Int($0) })
    #expect(try file.readDoubles("d").map(\.bitPattern) == doubles.map(\.bitPattern))
    #expect(try file.readInts("scalar") == [7])
    #expect(try file.shape(of: "frames/features") == [3, 2])
    #expect(try file.shape(of: "none") == [0, 5])
    #expect(try file.readFloats("none") == [])
    #expect(try file.shape(of: "frames") == nil)
    #expect(try file.shape(of: "nowhere/at/all") == nil)
    #expect(try file.groups(in: "/") == ["d", "frames", "n", "none", "scalar"])
    #expect(try file.groups(in: "frames") == ["features"])
    #expect(file.exists("frames") && file.exists("frames/features") && !file.exists("frames/x"))
  }

  /// A shape is eight bytes a dimension: what they claim after damage must not be believed.
  @Test func impossibleShapesAreRefusedBeforeMemoryIsAskedFor() throws {
    let path = scratch.file("claims.h5")
    let out = try HDF5File(creating: path)
    try out.write("x", floats: [Float](repeating: 1, count: 7919), shape: [7919])
    try out.write("names", strings: (0..<6007).map { "n\($0)" })
    try out.close()
    let whole = try Data(contentsOf: URL(fileURLWithPath: path))
    for claim in [UInt64.max - 1, 1 << 62, 1 << 39, 400_000] {
      var damaged = whole
      for size in [UInt64(7919), 6007] {
        let pattern = withUnsafeBytes(of: size.littleEndian) { Data($0) }
        var found = 0
        while let place = damaged.firstRange(of: pattern) {
          damaged.replaceSubrange(place, with: withUnsafeBytes(of: claim.littleEndian) { Data($0) })
          found += 1
        }
        #expect(found > 0)
      }
      try damaged.write(to: URL(fileURLWithPath: path))
      #expect(throws: IeumError.self, "\(claim)") {
        let file = try HDF5File(reading: path)
        defer { try? file.close() }
        _ = try file.readFloats("x")
      }
      #expect(throws: IeumError.self, "\(claim)") {
        let file = try HDF5File(reading: path)
        defer { try? file.close() }
        _ = try file.readStrings("names")
      }
    }
  }

  @Test func rowsAreReadAndAppended() throws {
    let path = scratch.file("rows.h5")
    let file = try HDF5File(creating: path)
    let rows = (0..<3000).map { Float($0) }
    try file.write("x", floats: Array(rows[..<1500]), shape: [500, 3])
    try file.appendRows("x", floats: Array(rows[1500...]))
    #expect(try file.shape(of: "x") == [1000, 3])
    #expect(try file.readFloats("x") == rows)
    #expect(try file.readFloats("x", rows: 499..<501) == Array(rows[1497..<1503]))
    #expect(try file.readFloats("x", rows: 4..<4) == [])
    #expect(throws: IeumError.self) { try file.readFloats("x", rows: 999..<1001) }
    #expect(throws: IeumError.self) { try file.appendRows("x", floats: [1, 2]) }
  }

  @Test func halvesAreStoredAndRead() throws {
    let file = try HDF5File(creating: scratch.file("half.h5"))
    try file.write("x", floats: [1, -2.5, 65504, 0.333], shape: [2, 2], half: true)
    let values = try file.readFloats("x")
    #expect(values[..<3] == [1, -2.5, 65504])
    #expect(abs(values[3] - 0.333) < 0.0002 && values[3] != 0.333)
  }

  @Test func stringsAndAttributesComeBack() throws {
    let path = scratch.file("s.h5")
    let strings = ["검은새", "", "naïve — ✓", String(repeating: "x", count: 70_000)]
    let out = try HDF5File(creating: path)
    try out.write("ids", strings: strings)
    try out.write("none", strings: [])
    try out.setAttribute("format", "이음")
    try out.setAttribute("n", 1)
    try out.setAttribute("n", 2)
    try out.setAttribute("x", 0.25, on: "ids")
    try out.setAttribute("names", ["a", "나"])
    try out.close()

    let file = try HDF5File(reading: path)
    #expect(try file.readStrings("ids") == strings)
    #expect(try file.readStrings("none") == [])
    #expect(try file.stringAttribute("format") == "이음")
    #expect(try file.intAttribute("n") == 2)
    #expect(try file.doubleAttribute("n") == 2)
    #expect(try file.doubleAttribute("x", on: "ids") == 0.25)
    #expect(try file.stringsAttribute("names") == ["a", "나"])
    #expect(try file.intAttribute("missing") == nil)
    #expect(throws: IeumError.self) { try file.intAttribute("format") }
    #expect(throws: IeumError.self) { try file.intAttribute("n", on: "nowhere") }
    #expect(throws: IeumError.self) { try file.readFloats("ids") }
    #expect(throws: IeumError.self) { try out.write("nul", strings: ["a\0b"]) }
  }

  @Test func whatIsNotAnHDF5FileIsRefused() throws {
    let text = scratch.file("text.h5")
    try Data("not at all HDF5".utf8).write(to: URL(fileURLWithPath: text))
    #expect(refusal(of: text)?.contains("is not an HDF5 file") == true)
    #expect(refusal(of: scratch.path + "/missing.h5")?.contains("no such file") == true)
    #expect(refusal(of: scratch.path)?.contains("cannot be read") == true)
  }

  @Test func aCutOffFileIsRefused() throws {
    let path = scratch.file("whole.h5")
    let file = try HDF5File(creating: path)
    try file.write("x", floats: [Float](repeating: 1, count: 100_000), shape: [1000, 100])
    try file.close()
    let whole = try Data(contentsOf: URL(fileURLWithPath: path))
    let cut = scratch.file("cut.h5")
    try whole.prefix(whole.count / 2).write(to: URL(fileURLWithPath: cut))
    #expect(refusal(of: cut)?.contains("damaged or cut-off") == true)
  }

  @Test func aFlippedBitIsFound() throws {
    let path = scratch.file("flip.h5")
    let file = try HDF5File(creating: path)
    try file.write("x", floats: [Float](repeating: 1.25, count: 10_000), shape: [100, 100])
    try file.close()
    var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    bytes[bytes.count / 2] ^= 1
    try bytes.write(to: URL(fileURLWithPath: path))
    let damaged = try HDF5File(reading: path)
    let error = #expect(throws: IeumError.self) { try damaged.readFloats("x") }
    #expect(error?.kind == .data && error?.file == path && error?.place == "x")
  }

  @Test func aMissingDatasetNamesWhatIsThere() throws {
    let file = try HDF5File(creating: scratch.file("m.h5"))
    try file.write("here", ints: [1], shape: [1])
    let error = #expect(throws: IeumError.self) { try file.readFloats("there") }
    #expect(error?.description.contains("here") == true)
  }

  @Test func aClosedFileThrows() throws {
    let file = try HDF5File(creating: scratch.file("c.h5"))
    try file.close()
    try file.close()
    #expect(throws: IeumError.self) { try file.write("x", ints: [1], shape: [1]) }
  }

  @Test func manyThreadsMayReadAtOnce() async throws {
    let path = scratch.file("t.h5")
    let rows = (0..<2000).map { Float($0) }
    let out = try HDF5File(creating: path)
    try out.write("x", floats: rows, shape: [1000, 2])
    try out.close()
    let file = try HDF5File(reading: path)
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for start in 0..<64 {
        group.addTask {
          try file.readFloats("x", rows: start..<start + 9) == Array(rows[2 * start..<2 * start + 18])
        }
      }
      for try await same in group { #expect(same) }
    }
  }

  private func refusal(of path: String) -> String? {
    do {
      _ = try HDF5File(reading: path)
      return nil
    } catch let error as IeumError {
      #expect(error.kind == .data && error.exitCode == 65 && error.remedy != nil)
      return error.description
    } catch {
      return nil
    }
  }
}
