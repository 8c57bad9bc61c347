import Basics

/// A weight file read whole: its tensors, what it says about itself, and its digest.
public struct WeightFile: Sendable {
  public let path: String
  /// The tensors in file order (safetensors: by offset; PyTorch: order of the state dict; Keras: order of the
  /// layers).
  public let tensors: [RawTensor]
  /// Safetensors' `__metadata__`; empty for the other formats.
  public let metadata: [String: String]
  /// SHA-256 of the file's bytes, lower-case hexadecimal.
  public let digest: String

  /// The formats ``read(_:)`` understands.
  public enum Format: String, Sendable, CaseIterable {
    case safetensors
    case pytorchZip = "pytorch-zip"
    case pytorchLegacy = "pytorch-legacy"
    case kerasHDF5 = "keras-hdf5"
  }

  /// Reads a weight file whose format is told by its content, never by its name. No code in the file is
  /// executed.
  /// - Throws: ``IeumError`` (data) naming file and place when it is missing, cut off, damaged, of another
  ///   format, or asks for anything but plain tensors.
  public static func read(_ path: String) throws -> WeightFile {
    let file = try FileBytes(path: path)
    switch try format(of: file) {
    case .safetensors:
      let content = try Safetensors.read(file)
      return WeightFile(path: path, tensors: content.tensors, metadata: content.metadata, digest: file.digest)
    case .pytorchZip: return WeightFile(file, try PyTorchZip.read(file))
    case .pytorchLegacy: return WeightFile(file, try PyTorchLegacy.read(file))
    case .kerasHDF5: return WeightFile(file, try KerasHDF5.read(file))
    }
  }

  /// The format of a file, by its first bytes.
  public static func format(of path: String) throws -> Format { try format(of: FileBytes(path: path)) }

  /// The tensor of that name, if the file has it.
  public func tensor(_ name: String) -> RawTensor? { tensors.first { $0.name == name } }

  public init(path: String, tensors: [RawTensor], metadata: [String: String], digest: String) {
    self.path = path
    self.tensors = tensors
    self.metadata = metadata
    self.digest = digest
  }

  private init(_ file: FileBytes, _ tensors: [RawTensor]) {
    self.init(path: file.path, tensors: tensors, metadata: [:], digest: file.digest)
  }

  private static func format(of file: FileBytes) throws -> Format {
    // Safetensors first: the low byte of its header length may be any other format's first byte.
    if file.starts(with: [0x7b], at: 8), file.starts(with: [0, 0, 0, 0], at: 4) { return .safetensors }
    if Signature.hasHDF5(file) { return .kerasHDF5 }
    if file.starts(with: Signature.zip) { return .pytorchZip }
    if file.starts(with: Signature.pickle) { return .pytorchLegacy }
    throw Signature.refusal(
      file, wanted: "a weight file (safetensors, PyTorch state dict, Keras HDF5)",
      remedy: "give one of those formats; a cut-off download looks like this too")
  }
}

/// What the first bytes of a file give away.
enum Signature {
  static let zip: [UInt8] = [0x50, 0x4b, 0x03, 0x04]
  static let pickle: [UInt8] = [0x80]
  static let numpy: [UInt8] = [0x93] + Array("NUMPY".utf8)
  static let hdf5: [UInt8] = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a]

  /// HDF5 allows a user block of 512, 1024, 2048, … bytes before its signature.
  static func hasHDF5(_ file: FileBytes) -> Bool {
    [0, 512, 1024, 2048, 4096].contains { file.starts(with: hdf5, at: $0) }
  }

  /// The error for a file that is not what was wanted, saying what it looks like instead.
  static func refusal(_ file: FileBytes, wanted: String, remedy: String) -> IeumError {
    if file.count == 0 { return file.fault("is empty") }
    return file.fault(
      "is not \(wanted)" + (guess(file).map { ": it looks like \($0)" } ?? ""), remedy: remedy)
  }

  private static func guess(_ file: FileBytes) -> String? {
    let start = String(decoding: file.data.prefix(64), as: UTF8.self).lowercased()
    if start.hasPrefix("version https://git-lfs") { return "a Git LFS pointer, not the file itself" }
    if start.hasPrefix("<!doctype") || start.hasPrefix("<html") { return "a web page" }
    if file.starts(with: numpy) { return "a NumPy array" }
    if file.starts(with: [0x1f, 0x8b]) { return "gzip: unpack it first" }
    if file.starts(with: Array("ustar".utf8), at: 257) { return "a tar archive: unpack it first" }
    if file.starts(with: zip) { return "a zip archive: unpack it first" }
    if file.starts(with: pickle) { return "a Python pickle, which is not executed here" }
    if hasHDF5(file) { return "HDF5" }
    return nil
  }
}
