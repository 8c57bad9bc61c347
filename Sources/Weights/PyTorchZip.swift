import Basics
import Foundation

/// PyTorch files since 1.6: a zip archive of stored entries, `NAME/data.pkl` and one `NAME/data/KEY` per
/// storage. TorchScript archives (`torch.jit.save`) have a `NAME/code/` besides, which is never looked at.
enum PyTorchZip {
  private static let byteOrders = ["little": false, "big": true]

  static func read(_ file: FileBytes) throws -> [RawTensor] {
    let archive = try ZipDirectory(file)
    let pickles = archive.entries.keys.filter { $0 == "data.pkl" || $0.hasSuffix("/data.pkl") }
    guard let pickle = pickles.first, pickles.count == 1 else {
      throw file.fault("is a zip archive, but not one that torch.save wrote", remedy: PickleNames.remedy)
    }
    let root = String(pickle.dropLast("data.pkl".count))
    let isScript = archive.entries.keys.contains { $0.hasPrefix(root + "code/") }
    let swapped = try isSwapped(archive, root, file)
    let range = try archive.range(pickle)
    var cursor = ByteCursor(file, from: range.lowerBound, to: range.upperBound, place: "'\(pickle)'")
    let object = try PickleMachine.run(&cursor, isScript ? .script : .tensors)
    var seen: [String: Data] = [:]  // each checksum is computed once
    let entries =
      isScript
      ? try ScriptModule.entries(object.value, object.heap, file)
      : try StateDictionary.entries(object.value, object.heap, file)
    return try StateDictionary.tensors(entries, file, swapped: swapped) { reference, name in
      if let data = seen[reference.key], data.count == reference.count * reference.dtype.size { return data }
      let data = try storage(reference, of: name, archive, root, file)
      seen[reference.key] = data
      return data
    }
  }

  private static func isSwapped(_ archive: ZipDirectory, _ root: String, _ file: FileBytes) throws -> Bool {
    let name = root + "byteorder"
    guard archive.entries[name] != nil else { return false }
    let text = String(decoding: file.data[try archive.range(name)], as: UTF8.self)
    guard let swapped = byteOrders[text] else {
      throw file.fault("has the unknown byte order '\(text.prefix(20))'", place: "'\(name)'")
    }
    return swapped
  }

  private static func storage(
    _ reference: StorageReference, of tensor: String, _ archive: ZipDirectory, _ root: String,
    _ file: FileBytes
  ) throws -> Data {
    let name = root + "data/" + reference.key
    guard archive.entries[name] != nil else {
      throw file.fault("its storage '\(name)' is not in the archive", place: "tensor '\(tensor)'")
    }
    let range = try archive.range(name)
    guard Extent.product(reference.count, reference.dtype.size) == range.count else {
      throw file.fault(
        "storage '\(name)' has \(range.count) bytes, not \(reference.count) elements of \(reference.dtype.rawValue)",
        place: "tensor '\(tensor)'")
    }
    return file.data[range]
  }
}
