import Basics
import Weights

extension Module {
  /// All parameters and buffers as plain bytes under their dotted names.
  public final func state() throws -> [RawTensor] { try namedState().map { try $0.1.raw(named: $0.0) } }

  /// Replaces every parameter and buffer by the tensor of the same name.
  ///
  /// - Parameters:
  ///   - file: where the tensors come from, for messages.
  ///   - ignoring: names, or prefixes ending in a dot, that the file may hold in addition.
  ///     `num_batches_tracked` counters are always ignored: nothing here uses them.
  /// - Throws: ``IeumError`` (data) listing all missing, extra and wrongly shaped tensors; then nothing is changed.
  public final func load(_ tensors: [RawTensor], file: String, ignoring: [String] = []) throws {
    let wanted = namedState()
    let wantedNames = Set(wanted.map(\.0))
    var given: [String: RawTensor] = [:]
    var faults: [String] = []
    for tensor in tensors where given.updateValue(tensor, forKey: tensor.name) != nil {
      faults.append("'\(tensor.name)' stands twice")
    }
    for (name, tensor) in wanted {
      guard let raw = given[name] else {
        faults.append("'\(name)' is missing")
        continue
      }
      if raw.shape != tensor.shape { faults.append("'\(name)' is \(raw.shape), not \(tensor.shape)") }
    }
    for tensor in tensors where !wantedNames.contains(tensor.name) && !isIgnored(tensor.name, by: ignoring) {
      faults.append("'\(tensor.name)' is not part of the network")
    }
    guard faults.isEmpty else { throw mismatch(faults, file: file) }
    let sources = try wanted.map { name, _ in try given[name].map { try Tensor($0) } }
    for ((_, target), source) in zip(wanted, sources) {
      if let source { try target.assign(source) }
    }
  }

  private func isIgnored(_ name: String, by patterns: [String]) -> Bool {
    if name == "num_batches_tracked" || name.hasSuffix(".num_batches_tracked") { return true }
    return patterns.contains { $0.hasSuffix(".") ? name.hasPrefix($0) : name == $0 }
  }

  private func mismatch(_ faults: [String], file: String) -> IeumError {
    let shown = faults.prefix(20).joined(separator: ", ")
    let rest = faults.count > 20 ? " and \(faults.count - 20) more" : ""
    return IeumError(
      .data, "does not fit the network: \(shown)\(rest)", file: file, remedy: "give the weights of this very network")
  }
}

extension Tensor {
  /// A tensor from a weight file's bytes.
  /// - Throws: ``IeumError`` (system) when the bytes do not fill the shape.
  public convenience init(_ raw: RawTensor) throws {
    let dtype = DType(rawValue: raw.dtype.rawValue) ?? .float32
    let handle = try raw.bytes.withUnsafeBytes { try Tensor.copying($0, dtype: dtype, shape: raw.shape) }
    self.init(owning: handle)
  }

  /// The values as plain bytes.
  public func raw(named name: String) throws -> RawTensor {
    RawTensor(name: name, dtype: RawDType(rawValue: dtype.rawValue) ?? .float32, shape: shape, bytes: try bytes())
  }
}
