import Basics

/// The few names that a pickle of plain tensors needs, and what they mean.
enum PickleNames {
  static let orderedDict = "collections.OrderedDict"
  static let tensor = "torch._utils._rebuild_tensor_v2"
  static let parameter = "torch._utils._rebuild_parameter"
  /// What TorchScript calls the classes of its modules.
  static let scriptClasses = "__torch__."
  /// Functions that only say of which type a list or dict is.
  static let scriptContainers = "torch.jit._pickle."
  static let remedy =
    "save the tensors alone, torch.save(model.state_dict(), …), or convert them to safetensors"

  private static let storages: [String: RawDType] = [
    "FloatStorage": .float32, "DoubleStorage": .float64, "HalfStorage": .float16,
    "BFloat16Storage": .bfloat16,
    "LongStorage": .int64, "IntStorage": .int32, "ByteStorage": .uint8, "BoolStorage": .bool,
  ]

  /// The element type of a storage class, of the processor (`torch.`) or a GPU (`torch.cuda.`).
  private static func dtype(_ name: String) -> RawDType? {
    for prefix in ["torch.cuda.", "torch."] where name.hasPrefix(prefix) {
      if let dtype = storages[String(name.dropFirst(prefix.count))] { return dtype }
    }
    return nil
  }

  /// Whether the name means something in a TorchScript archive only.
  static func isScript(_ name: String) -> Bool {
    name.hasPrefix(scriptClasses) || name.hasPrefix(scriptContainers)
  }

  /// - Throws: ``IeumError`` (data) unless the name is on the list.
  static func check(_ name: String, at cursor: ByteCursor) throws {
    guard ![orderedDict, tensor, parameter].contains(name), dtype(name) == nil else { return }
    let shown = name.count > 120 ? name.prefix(120) + "…" : name[...]
    if name.hasPrefix("torch."), name.hasSuffix("Storage") {
      throw cursor.fault("holds elements of type \(shown), which are not read", remedy: remedy)
    }
    throw cursor.fault("asks for \(shown): only plain tensors are read; nothing was executed", remedy: remedy)
  }

  /// Reads a persistent id: `('storage', class, key, location, count[, view])`.
  static func storage(_ value: PickleValue, _ heap: PickleHeap, at cursor: ByteCursor) throws
    -> StorageReference
  {
    guard let items = heap.items(value), (5...6).contains(items.count), case .string("storage") = items[0],
      case .global(let name) = items[1], let dtype = dtype(name), case .string(let key) = items[2],
      case .int(let count) = items[4], count >= 0
    else { throw cursor.fault("refers to something outside that is no storage of tensors", remedy: remedy) }
    var offset = 0
    var length = count
    if items.count == 6, let view = heap.items(items[5]) {
      guard view.count == 3, case .int(let start) = view[1], case .int(let size) = view[2],
        start >= 0, size >= 0, start <= count, size <= count - start
      else { throw cursor.fault("has a view outside storage '\(key)'") }
      (offset, length) = (start, size)
    }
    return StorageReference(key: key, dtype: dtype, count: count, viewOffset: offset, viewCount: length)
  }

  /// Reads `(storage, offset, shape, strides, …)` and checks that every element lies in the storage.
  static func recipe(_ arguments: [PickleValue], _ heap: PickleHeap, at cursor: ByteCursor) throws
    -> TensorRecipe
  {
    guard arguments.count >= 4, case .storage(let index) = arguments[0], case .int(let offset) = arguments[1],
      let shape = heap.integers(arguments[2]), let strides = heap.integers(arguments[3])
    else { throw cursor.fault("describes a tensor in an unknown way", remedy: remedy) }
    let storage = heap.storages[index]
    let recipe = TensorRecipe(storage: storage, offset: offset, shape: shape, strides: strides)
    guard shape.count == strides.count, shape.count <= 64, let count = Extent.count(shape) else {
      throw cursor.fault("describes a tensor of impossible shape \(shape)")
    }
    // More elements than the storage has would mean strides of 0: a few bytes could ask for any amount of
    // memory.
    guard offset >= 0, strides.allSatisfy({ $0 >= 0 }), count <= storage.viewCount,
      count == 0 || recipe.lastElement.map({ $0 < storage.viewCount }) == true
    else {
      throw cursor.fault(
        "shape \(shape), strides \(strides), offset \(offset) do not fit storage '\(storage.key)' of \(storage.viewCount)",
        remedy: "save the tensor contiguous, tensor.contiguous()")
    }
    return recipe
  }
}

extension TensorRecipe {
  /// Index of the tensor's last element in its storage; nil on overflow.
  var lastElement: Int? {
    var last: Int? = offset
    for (extent, stride) in zip(shape, strides) where extent > 0 {
      last = last.flatMap { sum in Extent.product(extent - 1, stride).flatMap { Extent.sum(sum, $0) } }
    }
    return last
  }

  /// The tensor's elements, row-major, out of the bytes of its storage (or of the viewed part of it).
  func gather(_ storage: UnsafeRawBufferPointer) -> [UInt8] {
    let size = self.storage.dtype.size
    let count = Extent.count(shape) ?? 0
    guard count > 0 else { return [] }
    if isContiguous {
      return [UInt8](UnsafeRawBufferPointer(rebasing: storage[offset * size..<(offset + count) * size]))
    }
    var bytes = [UInt8](repeating: 0, count: count * size)
    bytes.withUnsafeMutableBytes { target in
      var index = [Int](repeating: 0, count: shape.count)
      var source = offset
      for element in 0..<count {
        for byte in 0..<size { target[element * size + byte] = storage[source * size + byte] }
        for dimension in shape.indices.reversed() {
          index[dimension] += 1
          source += strides[dimension]
          if index[dimension] < shape[dimension] { break }
          source -= index[dimension] * strides[dimension]
          index[dimension] = 0
        }
      }
    }
    return bytes
  }

  private var isContiguous: Bool {
    var expected = 1
    for (extent, stride) in zip(shape, strides).reversed() where extent != 1 {
      if stride != expected { return false }
      expected *= extent
    }
    return true
  }
}
