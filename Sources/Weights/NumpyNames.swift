import Basics
import Foundation

/// The few names that a pickle of NumPy arrays needs, and what they build.
/// - Source: what NumPy's `ndarray.__reduce__` and `__reduce_ex__` write, protocols 2 to 5.
enum NumpyNames {
  static let remedy = "save a dict of float32 arrays, texts or numbers alone, or write /ids and /features as HDF5"

  private static let reconstruct = "numpy.core.multiarray._reconstruct"
  private static let scalar = "numpy.core.multiarray.scalar"
  private static let fromBuffer = "numpy.core.numeric._frombuffer"
  private static let ndarray = "numpy.ndarray"
  private static let dtype = "numpy.dtype"
  private static let encode = "_codecs.encode"
  private static let all = [reconstruct, scalar, fromBuffer, ndarray, dtype, encode, PickleNames.orderedDict]
  /// How often the bytes of the file may be used over: never without bound.
  static let maximumReuse = 4

  /// The name as NumPy 1 wrote it.
  /// - Throws: ``IeumError`` (data) unless it is on the list.
  static func known(_ name: String, at cursor: ByteCursor) throws -> String {
    let old = name.hasPrefix("numpy._core.") ? "numpy.core." + name.dropFirst("numpy._core.".count) : name
    guard !all.contains(old) else { return old }
    let shown = name.count > 120 ? name.prefix(120) + "…" : name[...]
    throw cursor.fault(
      "asks for \(shown): \(PickleContent.arrays.wanted) are read; nothing was executed", remedy: remedy)
  }

  /// What a function of the list gives for its arguments.
  static func call(
    _ name: String, _ arguments: [PickleValue], _ heap: inout PickleHeap, at cursor: ByteCursor
  ) throws -> PickleValue {
    func fault(_ what: String) -> IeumError { cursor.fault("is a damaged pickle (\(what))", remedy: remedy) }
    switch name {
    case reconstruct:
      heap.arrays.append(ArrayRecipe())
      return .array(heap.arrays.count - 1)
    case dtype:
      guard case .string(let type)? = arguments.first, type.utf8.count <= 8 else { throw fault("an unknown element type") }
      heap.dtypes.append("<" + type)
      return .dtype(heap.dtypes.count - 1)
    case fromBuffer:
      guard arguments.count == 4, let bytes = bytes(arguments[0]), case .dtype(let type) = arguments[1],
        let shape = heap.integers(arguments[2]), case .string(let order) = arguments[3]
      else { throw fault("an unknown array") }
      return try array(shape, heap.dtypes[type], order == "F", bytes, &heap, at: cursor)
    case scalar:
      guard arguments.count == 2, case .dtype(let type) = arguments[0], let bytes = bytes(arguments[1]) else {
        throw fault("an unknown number")
      }
      return try array([], heap.dtypes[type], false, bytes, &heap, at: cursor)
    case encode:
      guard case .string(let text)? = arguments.first else { throw fault("encodes no text") }
      let scalars = text.unicodeScalars
      guard scalars.allSatisfy({ $0.value < 256 }) else { throw fault("bytes beyond 255") }
      heap.encodedBytes += scalars.count
      guard heap.encodedBytes <= (Extent.product(cursor.file.count, maximumReuse) ?? .max) else {
        throw fault("the same bytes over and over")
      }
      return .bytes(Data(scalars.map { UInt8($0.value) }))
    default: throw cursor.fault("calls \(name), which is no function", remedy: remedy)
    }
  }

  /// Gives an array or an element type its state.
  /// - Returns: false for a target of another kind.
  static func complete(
    _ target: PickleValue, _ state: PickleValue, _ heap: inout PickleHeap, at cursor: ByteCursor
  ) throws -> Bool {
    func fault(_ what: String) -> IeumError { cursor.fault("is a damaged pickle (\(what))", remedy: remedy) }
    switch target {
    case .dtype(let index):
      guard let items = heap.items(state), items.count >= 2, case .string(let order) = items[1],
        ["<", ">", "|", "="].contains(order)
      else { throw fault("an unknown element type") }
      heap.dtypes[index] = (order == ">" ? ">" : "<") + heap.dtypes[index].dropFirst()
      return true
    case .array(let index):
      guard let items = heap.items(state), items.count == 5, let shape = heap.integers(items[1]),
        case .dtype(let type) = items[2], case .bool(let isFortran) = items[3]
      else { throw fault("an unknown array") }
      guard let bytes = bytes(items[4]) else {
        throw cursor.fault("holds an array of Python objects: only arrays of numbers are read", remedy: remedy)
      }
      heap.arrays[index] = try recipe(shape, heap.dtypes[type], isFortran, bytes, at: cursor)
      return true
    default: return false
    }
  }

  private static func array(
    _ shape: [Int], _ type: String, _ isFortran: Bool, _ bytes: Data, _ heap: inout PickleHeap, at cursor: ByteCursor
  ) throws -> PickleValue {
    heap.arrays.append(try recipe(shape, type, isFortran, bytes, at: cursor))
    return .array(heap.arrays.count - 1)
  }

  private static func recipe(
    _ shape: [Int], _ type: String, _ isFortran: Bool, _ bytes: Data, at cursor: ByteCursor
  ) throws -> ArrayRecipe {
    guard shape.count <= 32, let count = Extent.count(shape), let size = Int(type.dropFirst(2)), (1...8).contains(size),
      let expected = Extent.product(count, size), expected == bytes.count
    else {
      throw cursor.fault(
        "describes an array of shape \(shape) and type '\(type)' with \(bytes.count) bytes", remedy: remedy)
    }
    return ArrayRecipe(shape: shape, type: type, isFortran: isFortran, bytes: bytes)
  }

  /// Bytes, or a text of Python 2, whose bytes happen to be UTF-8.
  private static func bytes(_ value: PickleValue) -> Data? {
    switch value {
    case .bytes(let data): data
    case .string(let text): Data(text.utf8)
    default: nil
    }
  }
}
