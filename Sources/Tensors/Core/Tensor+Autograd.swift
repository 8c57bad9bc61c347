import Basics
import CTorch

/// Runs `body` without recording gradients on this thread.
public func noGrad<Result>(_ body: () throws -> Result) rethrows -> Result {
  let before = ct_grad_mode()
  ct_set_grad_mode(false)
  defer { ct_set_grad_mode(before) }
  return try body()
}

extension Tensor {
  /// Whether gradients are recorded for this tensor. May be set on float tensors that are not results.
  public var requiresGrad: Bool {
    get { ct_requires_grad(handle) }
    set {
      let status = ct_set_requires_grad(handle, newValue)
      precondition(status == succeeded, "requiresGrad cannot be set: \(lastMessage())")
    }
  }

  /// The gradient that ``backward()`` left here, nil before.
  public var grad: Tensor? {
    var out: OpaquePointer?
    guard ct_grad(handle, &out) == succeeded, let out else { return nil }
    return Tensor(owning: out)
  }

  /// Adds the gradient of this scalar to ``grad`` of everything it was made from.
  public func backward(retainGraph: Bool = false) throws { try check(ct_backward(handle, nil, retainGraph)) }

  /// The same for a tensor, weighted by `gradient` of its shape.
  public func backward(_ gradient: Tensor, retainGraph: Bool = false) throws {
    try check(ct_backward(handle, gradient.handle, retainGraph))
  }

  /// Forgets the gradient.
  public func zeroGrad() { _ = ct_zero_grad(handle) }
}
