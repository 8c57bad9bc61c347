/// The tensors of a TorchScript archive: those that its modules have as attributes, under dotted names as in
/// a state dict. The program itself is not looked at.
enum ScriptModule {
  /// More levels than any network has; also ends a module that contains itself.
  private static let maximumDepth = 64
  private static let maximumModules = 1 << 18

  /// - Throws: ``IeumError`` (data) when the archive holds no module or none of its tensors.
  static func entries(
    _ value: PickleValue, _ heap: PickleHeap, _ file: FileBytes
  ) throws -> [(String, TensorRecipe)] {
    guard case .dictionary(let root) = value, heap.modules.contains(root) else {
      throw file.fault("is a TorchScript archive without a module at the top", remedy: PickleNames.remedy)
    }
    var result: [(String, TensorRecipe)] = []
    var modules = 0
    try collect(root, "", depth: 0, heap, file, modules: &modules, into: &result)
    guard !result.isEmpty else {
      throw file.fault("is a TorchScript archive without tensors", remedy: PickleNames.remedy)
    }
    return result
  }

  /// A module's own tensors first, then those of the modules in it, both in the order of the file.
  private static func collect(
    _ module: Int, _ prefix: String, depth: Int, _ heap: PickleHeap, _ file: FileBytes,
    modules: inout Int, into result: inout [(String, TensorRecipe)]
  ) throws {
    modules += 1
    guard depth < maximumDepth, modules < maximumModules else {
      throw file.fault("nests its modules without end", place: "module '\(prefix)'")
    }
    let members = heap.members(.dictionary(module)) ?? []
    for (name, value) in members {
      if case .tensor(let index) = value { result.append((prefix + name, heap.tensors[index])) }
    }
    for (name, value) in members {
      guard case .dictionary(let inner) = value, heap.modules.contains(inner) else { continue }
      try collect(inner, prefix + name + ".", depth: depth + 1, heap, file, modules: &modules, into: &result)
    }
  }
}
