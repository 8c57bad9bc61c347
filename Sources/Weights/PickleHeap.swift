import Foundation

/// A value that a pickle may build. Containers and tensors are numbers into the ``PickleHeap``: values nested
/// to any depth, or in circles, then cost neither recursion nor leaks.
enum PickleValue {
  case none
  case bool(Bool)
  case int(Int)
  /// An integer of more than 64 bits: its bytes in two's complement, little endian.
  case long([UInt8])
  case double(Double)
  case string(String)
  case bytes(Data)
  case tuple(Int)
  case list(Int)
  case dictionary(Int)
  /// A name from the allowed list, `module.name`.
  case global(String)
  case storage(Int)
  case tensor(Int)
  /// NumPy's element type and array.
  case dtype(Int)
  case array(Int)
}

/// What a persistent id names: a run of elements of one type.
struct StorageReference {
  let key: String
  let dtype: RawDType
  /// Elements of the whole storage.
  let count: Int
  /// The part of it that is meant, in elements (old files have such views).
  let viewOffset: Int
  let viewCount: Int
}

/// The arguments of `torch._utils._rebuild_tensor_v2`; offset and strides are in elements.
struct TensorRecipe {
  let storage: StorageReference
  let offset: Int
  let shape: [Int]
  let strides: [Int]
}

/// An array of NumPy as a pickle describes it.
struct ArrayRecipe {
  var shape: [Int] = []
  /// Byte order, kind and size, `<f4`.
  var type = ""
  var isFortran = false
  var bytes = Data()
}

/// Everything a pickle has built.
struct PickleHeap {
  /// Lists and tuples.
  var sequences: [[PickleValue]] = []
  /// Dicts and OrderedDicts in order of insertion; a key may appear again, the later value counts.
  var dictionaries: [[(key: PickleValue, value: PickleValue)]] = []
  /// The dicts that hold the attributes of a TorchScript module.
  var modules: Set<Int> = []
  var storages: [StorageReference] = []
  var tensors: [TensorRecipe] = []
  /// Element types, `<f4`.
  var dtypes: [String] = []
  var arrays: [ArrayRecipe] = []
  /// Bytes that were made from texts, as Python 3 writes bytes for Python 2.
  var encodedBytes = 0

  mutating func sequence(_ items: [PickleValue]) -> Int {
    sequences.append(items)
    return sequences.count - 1
  }

  mutating func dictionary() -> Int {
    dictionaries.append([])
    return dictionaries.count - 1
  }

  /// The items of a list or tuple.
  func items(_ value: PickleValue) -> [PickleValue]? {
    switch value {
    case .tuple(let index), .list(let index): sequences[index]
    default: nil
    }
  }

  /// A tuple or list of integers.
  func integers(_ value: PickleValue) -> [Int]? {
    guard let items = items(value) else { return nil }
    var result: [Int] = []
    for item in items {
      guard case .int(let number) = item else { return nil }
      result.append(number)
    }
    return result
  }

  /// A dict's entries under string keys, each key once, at the place where it first appeared.
  func members(_ value: PickleValue) -> [(key: String, value: PickleValue)]? {
    guard case .dictionary(let index) = value else { return nil }
    var result: [(key: String, value: PickleValue)] = []
    var positions: [String: Int] = [:]
    for (key, value) in dictionaries[index] {
      guard case .string(let name) = key else { continue }
      if let position = positions[name] {
        result[position].value = value
      } else {
        positions[name] = result.count
        result.append((name, value))
      }
    }
    return result
  }
}
