import Basics

/// A part of a network: named parameters, buffers and children, in the order of registration.
///
/// A subclass registers what it holds at the end of its initialiser. Names are joined by dots, as published weight
/// files do. A module is used from one thread at a time.
open class Module {
  private var ownParameters: [(String, Tensor)] = []
  private var ownBuffers: [(String, Tensor)] = []
  private var children: [(String, Module)] = []

  /// Whether dropout drops and batch normalisation learns its statistics.
  public private(set) var isTraining = true

  public init() {}

  /// Registers a trainable tensor.
  @discardableResult
  public final func parameter(_ name: String, _ value: Tensor) -> Tensor {
    value.requiresGrad = true
    ownParameters.append((name, value))
    return value
  }

  /// Registers a tensor that is saved but not trained.
  @discardableResult
  public final func buffer(_ name: String, _ value: Tensor) -> Tensor {
    ownBuffers.append((name, value))
    return value
  }

  @discardableResult
  public final func child<Child: Module>(_ name: String, _ value: Child) -> Child {
    children.append((name, value))
    return value
  }

  /// Own parameters first, then the children's.
  public final func namedParameters() -> [(String, Tensor)] { collect { $0.ownParameters } }
  public final func namedBuffers() -> [(String, Tensor)] { collect { $0.ownBuffers } }
  /// Each module's parameters, then its buffers, then its children's.
  public final func namedState() -> [(String, Tensor)] { collect { $0.ownParameters + $0.ownBuffers } }
  public final func namedChildren() -> [(String, Module)] { children }
  public final func parameters() -> [Tensor] { namedParameters().map(\.1) }

  private func collect(_ own: (Module) -> [(String, Tensor)]) -> [(String, Tensor)] {
    own(self)
      + children.flatMap { name, module in module.collect(own).map { ("\(name).\($0.0)", $0.1) } }
  }

  /// Number of trainable values.
  public final var parameterCount: Int { parameters().reduce(0) { $0 + $1.count } }

  /// Switches this module and all below between training and evaluation.
  public final func train(_ on: Bool = true) {
    isTraining = on
    for (_, module) in children { module.train(on) }
  }

  /// Stops (or resumes) gradients of all parameters.
  public final func freeze(_ frozen: Bool = true) {
    for tensor in parameters() { tensor.requiresGrad = !frozen }
  }

  public final func zeroGrad() {
    for tensor in parameters() { tensor.zeroGrad() }
  }

  /// Where its parameters and buffers are; the CPU without any.
  public final var device: Device { someTensor?.device ?? .cpu }

  private var someTensor: Tensor? {
    (ownParameters.first ?? ownBuffers.first)?.1 ?? children.lazy.compactMap { $0.1.someTensor }.first
  }

  /// Moves all parameters and buffers; optimisers made before must be made anew.
  public final func to(_ device: Device) throws { try replaceEach { try $0.to(device) } }

  /// Converts all floating parameters and buffers.
  public final func to(_ dtype: DType) throws {
    try replaceEach { $0.dtype.isFloating ? try $0.to(dtype) : $0 }
  }

  private func replaceEach(_ change: (Tensor) throws -> Tensor) throws {
    for (_, tensor) in namedState() { try tensor.become(try change(try tensor.detached())) }
  }
}

extension Tensor {
  /// Takes over another tensor's values, type and device, keeping this object's identity and `requiresGrad`.
  func become(_ other: Tensor) throws {
    let trained = requiresGrad
    let fresh = try other.detached()
    swap(&handle, &fresh.handle)
    if trained { requiresGrad = true }
  }
}
