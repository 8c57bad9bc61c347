import Basics
import Foundation
import Testing
import Weights

@Suite struct SafetensorsTests {
  @Test func writtenTensorsComeBackEqual() throws {
    let scratch = try Scratch()
    let tensors =
      try WeightFile.read(Golden.path("legacy.pth")).tensors + [
        RawTensor(name: "quote\"back\\slash\u{1}", shape: [2], floats: [.infinity, -0.0]),
        RawTensor(name: "ids", shape: [1, 2], integers: [.min, .max]),
      ]
    let path = scratch.folder + "/deep/er/out.safetensors"
    try Safetensors.write(tensors, metadata: ["b": "2", "a": "줄\n"], to: path)
    let file = try WeightFile.read(path)
    #expect(file.tensors.filter { !$0.bytes.isEmpty } == tensors.filter { !$0.bytes.isEmpty })
    #expect(Set(file.tensors) == Set(tensors))
    #expect(file.metadata == ["b": "2", "a": "줄\n"])
    try Safetensors.write(tensors, metadata: ["a": "줄\n", "b": "2"], to: path + "2")
    #expect(try Digest.ofFile(path + "2") == file.digest)
    let folder = scratch.folder + "/deep/er"
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == [
        "out.safetensors", "out.safetensors2",
      ])
  }

  @Test func writeRefusesWhatCannotBeReadBack() throws {
    let scratch = try Scratch()
    let path = scratch.folder + "/out"
    let tensor = RawTensor(name: "a", shape: [1], floats: [1])
    let short = RawTensor(name: "b", dtype: .float32, shape: [2], bytes: [0, 0, 0, 0])
    let huge = RawTensor(name: "c", dtype: .float32, shape: [.max, .max], bytes: [])
    #expect(try dataError(path) { try Safetensors.write([tensor, tensor], to: path) }.place == "tensor 'a'")
    #expect(try dataError(path) { try Safetensors.write([tensor, short], to: path) }.place == "tensor 'b'")
    #expect(try dataError(path) { try Safetensors.write([huge], to: path) }.place == "tensor 'c'")
    #expect(!FileManager.default.fileExists(atPath: path))
  }

  @Test(arguments: [
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}"#, 8, "cut off"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}} x"#, 8, "JSON"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{}}"#, 8, "twice"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, 7, "cut off"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, 9, "after the last tensor"),
    (#"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}"#, 8, "needs 12"),
    (#"{"a":{"dtype":"F8_E4M3","shape":[8],"data_offsets":[0,8]}}"#, 8, "F8_E4M3"),
    (#"{"a":{"dtype":"U8","shape":[8],"data_offsets":[8,0]}}"#, 8, "data_offsets"),
    (#"{"a":{"dtype":"U8","shape":[-8],"data_offsets":[0,8]}}"#, 8, "shape"),
    (#"{"a":{"dtype":"U8","shape":[4294967296,4294967296,4],"data_offsets":[0,8]}}"#, 8, "shape"),
    (#"{"a":{"dtype":"U8","shape":[8.0],"data_offsets":[0,8]}}"#, 8, "shape"),
    (#"{"a":{"dtype":"U8","shape":[8]}}"#, 8, "exactly"),
    (
      #"{"a":{"dtype":"U8","shape":[6],"data_offsets":[0,6]},"b":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}}"#,
      8, "overlaps"
    ),
    (
      #"{"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},"b":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}}"#,
      8, "gap"
    ),
    (#"{"__metadata__":{"a":1}}"#, 0, "not a string"),
  ])
  func refusesBrokenHeaders(header: String, data: Int, word: String) throws {
    let scratch = try Scratch()
    let path = try scratch.write(safetensors(header, data: data))
    #expect(try dataError(path) { try WeightFile.read(path) }.description.contains(word))
  }

  @Test func aHeaderLengthBeyondTheFileAllocatesNothing() throws {
    let scratch = try Scratch()
    var bytes = safetensors("{}", data: 0)
    bytes[3] = 0x7f
    let path = try scratch.write(bytes)
    #expect(try dataError(path) { try WeightFile.read(path) }.problem.contains("the file has 10"))
  }

  @Test func deepNestingIsRefused() throws {
    let scratch = try Scratch()
    let path = try scratch.write(safetensors("{\"a\":" + String(repeating: "[", count: 100_000), data: 0))
    #expect(try dataError(path) { try WeightFile.read(path) }.problem.contains("nested"))
  }
}

@Suite struct RawTensorTests {
  @Test func halfPrecisionEdges() throws {
    let bits: [UInt16] = [0x0000, 0x8000, 0x0001, 0x03ff, 0x0400, 0x3c00, 0x7bff, 0x7c00, 0xfc00, 0xc100]
    let tensor = RawTensor(
      name: "h", dtype: .float16, shape: [10], bytes: bits.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] })
    let expected: [Float] = [
      0, -0.0, 0x1p-24, 1023 * 0x1p-24, 0x1p-14, 1, 65504, .infinity, -.infinity, -2.5,
    ]
    #expect(try tensor.floats().map(\.bitPattern) == expected.map(\.bitPattern))
    let nan = try RawTensor(name: "n", dtype: .float16, shape: [], bytes: [0x01, 0x7e]).floats()
    #expect(nan.count == 1 && nan[0].isNaN)
  }

  @Test func doublesRoundToNearestAndTooLargeOnesAreNamed() throws {
    func tensor(_ values: [Double]) -> RawTensor {
      RawTensor(
        name: "d", dtype: .float64, shape: [values.count], bytes: values.withUnsafeBytes { Array($0) })
    }
    #expect(try tensor([0.1, -.infinity]).floats() == [Float(0.1), -.infinity])
    let error = #expect(throws: IeumError.self) { try tensor([1, 1e300]).floats() }
    #expect(error?.place == "tensor 'd', element 1")
  }

  @Test func bytesThatDoNotFillTheShape() {
    for shape in [[3], [-1], [Int.max, 4], []] {
      let tensor = RawTensor(name: "x", dtype: .int32, shape: shape, bytes: [UInt8](repeating: 0, count: 8))
      #expect(throws: IeumError.self) { try tensor.floats() }
    }
  }
}
