import Basics
import HDF5

/// Training queries for querybank normalisation.
public enum QueryBank {
  /// `[B, D]`, row-major: `/querybank`, or the `/features` of a feature file.
  /// - Throws: ``IeumError`` (data) for a file without either, or with values that are not finite.
  public static func read(_ path: String) throws -> [Float] {
    let file = try HDF5File(reading: path)
    defer { try? file.close() }
    guard let name = ["querybank", "features"].first(where: { file.exists($0) }) else {
      throw IeumError(
        .data, "holds neither /querybank nor /features", file: path, remedy: "write training queries to /querybank [B, D]")
    }
    let values = try file.readFloats(name)
    guard try file.shape(of: name)?.count == 2, values.allSatisfy(\.isFinite) else {
      throw IeumError(.data, "is not a matrix of finite values", file: path, place: name, remedy: "write [B, D]")
    }
    return values
  }
}
