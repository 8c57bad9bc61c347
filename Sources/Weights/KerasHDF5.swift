import Basics
import HDF5

/// Keras' HDF5 weights: attribute `layer_names` at the root or in the group `model_weights`; per layer a
/// group whose attribute `weight_names` lists its datasets.
enum KerasHDF5 {
  /// Reads every weight as float32 under the name `layer/weight:0`, in the order of the layers.
  /// - Throws: ``IeumError`` (data) for HDF5 of another layout, or one that lacks a weight it names.
  static func read(_ file: FileBytes) throws -> [RawTensor] {
    let hdf5 = try HDF5File(reading: file.path)
    do {
      let tensors = try tensors(hdf5, file)
      try hdf5.close()
      return tensors
    } catch {
      try? hdf5.close()
      throw error
    }
  }

  private static func tensors(_ hdf5: HDF5File, _ file: FileBytes) throws -> [RawTensor] {
    let root = hdf5.exists("model_weights") ? "model_weights" : "/"
    guard let layers = try strings("layer_names", on: root, hdf5) else {
      throw file.fault(
        "is HDF5, but not Keras weights (no attribute 'layer_names')", place: "group '\(root)'",
        remedy: "save it with model.save_weights(\"….h5\")")
    }
    var result: [RawTensor] = []
    var seen: Set<String> = []
    // Nothing but a damaged file names more bytes than it has (Keras does not compress).
    var allowance = file.count
    for layer in layers {
      let group = root == "/" ? layer : "\(root)/\(layer)"
      guard hdf5.exists(group) else {
        throw file.fault("has no group for the layer it names", place: "layer '\(layer)'")
      }
      // A layer without weights: h5py stores its empty list as an array of numbers.
      if try hdf5.groups(in: group).isEmpty { continue }
      guard let weights = try strings("weight_names", on: group, hdf5) else {
        throw file.fault("has no attribute 'weight_names'", place: "layer '\(layer)'")
      }
      for weight in weights {
        let name = weight.hasPrefix(layer + "/") ? weight : "\(layer)/\(weight)"
        let tensor = try tensor("\(group)/\(weight)", name, hdf5, file, &allowance)
        guard seen.insert(name).inserted else {
          throw file.fault("is there twice", place: "weight '\(name)'")
        }
        result.append(tensor)
      }
    }
    guard !result.isEmpty else { throw file.fault("holds no weights") }
    return result
  }

  private static func tensor(
    _ dataset: String, _ name: String, _ hdf5: HDF5File, _ file: FileBytes, _ allowance: inout Int
  ) throws -> RawTensor {
    let place = "weight '\(name)'"
    guard hdf5.exists(dataset), let shape = try hdf5.shape(of: dataset) else {
      throw file.fault("is named but missing (dataset '\(dataset)')", place: place)
    }
    guard let count = Extent.count(shape), count <= allowance else {
      throw file.fault("its shape \(shape) is more than the file holds", place: place)
    }
    allowance -= count
    let values = try hdf5.readFloats(dataset)
    guard values.count == count else {
      throw file.fault("has \(values.count) values, not \(shape)", place: place)
    }
    return RawTensor(name: name, shape: shape, floats: values)
  }

  /// A list attribute. Keras cuts lists beyond 64 kB into `name0`, `name1`, ….
  private static func strings(_ name: String, on object: String, _ hdf5: HDF5File) throws -> [String]? {
    if let whole = try hdf5.stringsAttribute(name, on: object) { return whole }
    var parts: [String] = []
    var number = 0
    while let part = try hdf5.stringsAttribute("\(name)\(number)", on: object) {
      parts += part
      number += 1
    }
    return number == 0 ? nil : parts
  }
}
