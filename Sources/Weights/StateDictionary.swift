import Basics
import Foundation

/// From what a PyTorch pickle built to named tensors.
enum StateDictionary {
  /// Keys under which training programs put the weights beside their own records.
  static let wrappers = [
    "state_dict", "model_state_dict", "model", "module", "net", "network", "params_ema", "params", "weights",
  ]
  /// How often the bytes of the file may be used over: tied weights twice, never without bound.
  private static let maximumReuse = 4

  /// - Parameters:
  ///   - entries: names and descriptions, as ``entries(_:_:_:)`` finds them.
  ///   - swapped: the storages are big endian.
  ///   - storage: the bytes of a storage; throws when the file lacks them or they have another length.
  static func tensors(
    _ entries: [(String, TensorRecipe)], _ file: FileBytes, swapped: Bool,
    storage: (StorageReference, String) throws -> Data
  ) throws -> [RawTensor] {
    var allowance = Extent.product(file.count, maximumReuse) ?? .max
    return try entries.map { name, recipe in
      let size = recipe.storage.dtype.size
      allowance -= (Extent.count(recipe.shape) ?? 0) * size
      guard allowance >= 0 else {
        throw file.fault(
          "the tensors together are more than \(maximumReuse) times the file", place: "tensor '\(name)'",
          remedy: PickleNames.remedy)
      }
      let whole = try storage(recipe.storage, name)
      let start = whole.startIndex + recipe.storage.viewOffset * size
      let part = whole[start..<start + recipe.storage.viewCount * size]
      var bytes = part.withUnsafeBytes { recipe.gather($0) }
      if swapped { swapBytes(&bytes, size: size) }
      return RawTensor(name: name, dtype: recipe.storage.dtype, shape: recipe.shape, bytes: bytes)
    }
  }

  /// The named tensors of a state dict, which may lie in other dicts under one of the usual keys.
  static func entries(
    _ value: PickleValue, _ heap: PickleHeap, _ file: FileBytes
  ) throws -> [(String, TensorRecipe)] {
    guard var members = heap.members(value) else {
      throw file.fault("holds no dict of tensors at the top", remedy: PickleNames.remedy)
    }
    for _ in 0..<4 {
      let inner = wrappers.lazy.compactMap { name in members.first { $0.key == name } }
        .compactMap { heap.members($0.value) }.first { !$0.isEmpty }
      guard let inner else { break }
      members = inner
    }
    var result: [(String, TensorRecipe)] = []
    for (name, value) in members {
      if case .tensor(let index) = value { result.append((name, heap.tensors[index])) }
    }
    guard !result.isEmpty else {
      let keys = members.prefix(8).map { "'\($0.key)'" }.joined(separator: ", ")
      throw file.fault(
        keys.isEmpty ? "holds no tensors" : "holds no tensors under \(keys)", remedy: PickleNames.remedy)
    }
    return result
  }

  private static func swapBytes(_ bytes: inout [UInt8], size: Int) {
    guard size > 1 else { return }
    for start in stride(from: 0, to: bytes.count, by: size) {
      for i in 0..<size / 2 { bytes.swapAt(start + i, start + size - 1 - i) }
    }
  }
}
