import Basics
import Foundation

/// A pickle of one dict, id → arrays, numbers or sentences, as MoEE and collaborative-experts keep features and
/// captions. Nothing in it is executed: it may hold numbers, texts and NumPy arrays of numbers, and is refused
/// otherwise.
public struct PickleTable {
  public let path: String
  public let digest: String
  private let entries: [(id: String, value: PickleValue)]
  private let heap: PickleHeap
  private let fileSize: Int

  public var ids: [String] { entries.map(\.id) }

  /// Whether the file begins as a pickle of protocol 2 or later.
  public static func isPickle(_ path: String) throws -> Bool { try FileBytes(path: path).starts(with: Signature.pickle) }

  /// - Throws: ``IeumError`` (data) for a pickle that is damaged, asks for anything but plain data and arrays, or is no
  ///   dict under texts or numbers.
  public static func read(_ path: String) throws -> PickleTable {
    let file = try FileBytes(path: path)
    guard file.starts(with: Signature.pickle) else {
      throw Signature.refusal(
        file, wanted: "a pickle of protocol 2 to 5", remedy: "write it again with pickle.dump(…, protocol=4)")
    }
    var cursor = ByteCursor(file, from: 0, to: file.count, place: "pickle")
    let (value, heap) = try PickleMachine.run(&cursor, .arrays)
    guard cursor.isAtEnd else {
      throw cursor.fault("has \(cursor.end - cursor.position) bytes after the pickle", remedy: NumpyNames.remedy)
    }
    guard case .dictionary(let index) = value, !heap.dictionaries[index].isEmpty else {
      throw file.fault("holds no dict of ids at the top", remedy: NumpyNames.remedy)
    }
    var entries: [(id: String, value: PickleValue)] = []
    var places: [String: Int] = [:]
    for (key, value) in heap.dictionaries[index] {
      guard let id = id(key) else { throw file.fault("has a key that is neither text nor number", remedy: NumpyNames.remedy) }
      // As in Python: the later value of a key counts.
      if let place = places.updateValue(entries.count, forKey: id) {
        entries[place].value = value
        places[id] = place
      } else {
        entries.append((id, value))
      }
    }
    return PickleTable(path: path, digest: file.digest, entries: entries, heap: heap, fileSize: file.count)
  }

  private static func id(_ key: PickleValue) -> String? {
    switch key {
    case .string(let text): text
    case .int(let number): String(number)
    default: nil
    }
  }

  private func fault(_ problem: String, _ id: String) -> IeumError {
    IeumError(.data, problem, file: path, place: "entry '\(id)'", remedy: NumpyNames.remedy)
  }

  /// The sentences of every id: texts, or lists of words, which are joined by spaces.
  public func sentences() throws -> [(id: String, sentences: [String])] {
    try entries.map { id, value in
      if case .string(let text) = value { return (id, [text]) }
      guard let items = heap.items(value) else { throw fault("is no list of sentences", id) }
      return (id, try items.map { try sentence($0, id) })
    }
  }

  private func sentence(_ value: PickleValue, _ id: String) throws -> String {
    if case .string(let text) = value { return text }
    guard let words = heap.items(value) else { throw fault("holds a sentence that is neither text nor words", id) }
    return try words.map { word in
      guard case .string(let text) = word else { throw fault("holds a word that is no text", id) }
      return text
    }.joined(separator: " ")
  }

  /// A whole number for every id.
  public func integers() throws -> [(id: String, number: Int)] {
    try entries.map { id, value in
      if case .int(let number) = value { return (id, number) }
      if case .array(let index) = value, Extent.count(heap.arrays[index].shape) == 1,
        let number = try array(index, id).values.first, let exact = Int(exactly: number)
      {
        return (id, exact)
      }
      throw fault("is no whole number", id)
    }
  }

  /// Whether the ids have lists of arrays, even of one.
  public func hasLists() -> Bool { entries.contains { heap.items($0.value) != nil } }

  /// The arrays of every id: one, or a list of them (one per sentence); none where the file says that there is nothing
  /// (`None`, `nan`, an empty list).
  public func arrays() throws -> [(id: String, arrays: [NumpyArray])] {
    var allowance = Extent.product(fileSize, NumpyNames.maximumReuse) ?? .max
    func spend(_ index: Int, _ id: String) throws -> NumpyArray {
      allowance -= heap.arrays[index].bytes.count
      guard allowance >= 0 else { throw fault("the arrays together are more than \(NumpyNames.maximumReuse) times the file", id) }
      return try array(index, id)
    }
    return try entries.map { id, value in
      switch value {
      case .array(let index): return (id, [try spend(index, id)])
      case .none: return (id, [])
      case .double(let number) where number.isNaN: return (id, [])
      default:
        guard let items = heap.items(value) else { throw fault("is no array", id) }
        return (
          id,
          try items.map { item in
            guard case .array(let index) = item else { throw fault("is a list of other things than arrays", id) }
            return try spend(index, id)
          }
        )
      }
    }
  }

  private func array(_ index: Int, _ id: String) throws -> NumpyArray {
    let recipe = heap.arrays[index]
    let count = Extent.count(recipe.shape) ?? 0
    guard let values = recipe.bytes.withUnsafeBytes({ NumpyElements.floats($0, recipe.type, count: count) }) else {
      throw fault("holds elements of type '\(recipe.type)'", id)
    }
    guard !recipe.isFortran || recipe.shape.count <= 2 else {
      throw fault("is in Fortran order with \(recipe.shape.count) dimensions", id)
    }
    return NumpyArray(
      shape: recipe.shape, values: recipe.isFortran ? NumpyElements.rowMajor(values, recipe.shape) : values)
  }
}
