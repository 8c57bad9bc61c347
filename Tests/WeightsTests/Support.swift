import Basics
import Foundation
import Testing
import Weights

/// The golden files and what the original libraries read from them (scripts/golden/weights.py).
enum Golden {
  struct Entry: Decodable {
    let name: String
    let dtype: String
    let shape: [Int]
    let values: [Double]
  }

  static func path(_ name: String) throws -> String {
    let folder = try #require(Bundle.module.url(forResource: "Golden", withExtension: nil))
    return folder.appendingPathComponent(name).path
  }

  static func data(_ name: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path(name))) }

  static func expected(_ name: String) throws -> [Entry] {
    let all = try JSONDecoder().decode([String: [Entry]].self, from: data("expected.json"))
    return try #require(all[name])
  }
}

/// A folder that is removed with the value's owner.
final class Scratch {
  let folder: String

  init() throws {
    folder = NSTemporaryDirectory() + "weights-tests-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  func write(_ data: Data, _ name: String = "file") throws -> String {
    let path = folder + "/" + name
    try data.write(to: URL(fileURLWithPath: path))
    return path
  }

  func write(_ text: String, _ name: String = "file") throws -> String { try write(Data(text.utf8), name) }
}

/// The error that `body` throws, which must be of kind data and name the file.
func dataError<T>(
  _ path: String, sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> T
) throws -> IeumError {
  var caught: IeumError?
  do {
    _ = try body()
  } catch let error as IeumError {
    caught = error
  }
  let error = try #require(caught, "nothing was thrown for \(path)", sourceLocation: sourceLocation)
  #expect(error.kind == .data, sourceLocation: sourceLocation)
  #expect(error.file == path, sourceLocation: sourceLocation)
  #expect(error.remedy != nil, sourceLocation: sourceLocation)
  return error
}

/// Compares every tensor and element with the golden ones, bit for bit after rounding to float32.
func expectEqual(
  _ tensors: [RawTensor], _ expected: [Golden.Entry], sourceLocation: SourceLocation = #_sourceLocation
)
  throws
{
  #expect(tensors.map(\.name) == expected.map(\.name), sourceLocation: sourceLocation)
  for (tensor, entry) in zip(tensors, expected) {
    #expect(tensor.dtype.rawValue == entry.dtype, "\(entry.name)", sourceLocation: sourceLocation)
    #expect(tensor.shape == entry.shape, "\(entry.name)", sourceLocation: sourceLocation)
    let floats = try tensor.floats().map(\.bitPattern)
    #expect(
      floats == entry.values.map { Float($0).bitPattern }, "\(entry.name)", sourceLocation: sourceLocation)
  }
}

/// One description of a safetensors file: header text and data, the length in front.
func safetensors(_ header: String, data: Int) -> Data {
  var bytes = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Data($0) }
  bytes.append(Data(header.utf8))
  bytes.append(Data((0..<data).map { UInt8(truncatingIfNeeded: $0) }))
  return bytes
}
