import Basics
import Foundation

/// PyTorch files from before 1.6: five pickles back to back, then the storages.
///
/// 1 a magic number, 2 the version 1001, 3 facts about the machine, 4 the object, 5 the keys of the storages
/// in the order in which they follow; each storage is an int64 element count and the elements.
enum PyTorchLegacy {
  private static let magic: [UInt8] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19]
  private static let version = 1001

  static func read(_ file: FileBytes) throws -> [RawTensor] {
    var cursor = ByteCursor(file, from: 0, to: file.count, place: "pickle")
    guard case .long(magic) = try PickleMachine.run(&cursor).value else {
      throw file.fault(
        "is a pickle, but not one that torch.save wrote", place: "byte 0", remedy: PickleNames.remedy)
    }
    guard case .int(version) = try PickleMachine.run(&cursor).value else {
      throw cursor.fault("is of an unknown version of PyTorch's old format", remedy: PickleNames.remedy)
    }
    let machine = try PickleMachine.run(&cursor)
    let littleEndian = machine.heap.members(machine.value)?.first { $0.key == "little_endian" }?.value
    var swapped = false
    if case .bool(false)? = littleEndian { swapped = true }
    let object = try PickleMachine.run(&cursor)
    let keys = try keys(&cursor)
    let storages = try storages(keys, object.heap, cursor, swapped: swapped)
    let entries = try StateDictionary.entries(object.value, object.heap, file)
    return try StateDictionary.tensors(entries, file, swapped: swapped) { reference, name in
      guard let bytes = storages[reference.key], bytes.count == reference.count * reference.dtype.size else {
        throw file.fault(
          "storage '\(reference.key)' is missing or of another type", place: "tensor '\(name)'")
      }
      return bytes
    }
  }

  private static func keys(_ cursor: inout ByteCursor) throws -> [String] {
    let list = try PickleMachine.run(&cursor)
    guard let items = list.heap.items(list.value) else { throw cursor.fault("has no list of storages") }
    return try items.map { item in
      guard case .string(let key) = item else { throw cursor.fault("has a storage without a name") }
      return key
    }
  }

  private static func storages(
    _ keys: [String], _ heap: PickleHeap, _ start: ByteCursor, swapped: Bool
  ) throws -> [String: Data] {
    let references = Dictionary(heap.storages.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
    var cursor = start
    var result: [String: Data] = [:]
    for key in keys {
      guard let reference = references[key] else {
        throw cursor.fault("has a storage '\(key)' that no tensor uses")
      }
      let raw = try cursor.integer(UInt64.self)
      guard (swapped ? raw.byteSwapped : raw) == UInt64(reference.count),
        let length = Extent.product(reference.count, reference.dtype.size)
      else {
        throw cursor.fault(
          "says that storage '\(key)' has \(raw) elements; the tensors say \(reference.count)")
      }
      guard result.updateValue(try cursor.take(length), forKey: key) == nil else {
        throw cursor.fault("has storage '\(key)' twice")
      }
    }
    guard cursor.isAtEnd else {
      throw cursor.fault("has \(cursor.end - cursor.position) bytes after the last storage")
    }
    return result
  }
}
