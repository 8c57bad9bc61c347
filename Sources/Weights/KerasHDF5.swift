import Basics

enum KerasHDF5 {
  static func read(_ file: FileBytes) throws -> [RawTensor] {
    throw file.fault("is HDF5")
  }
}
