import Basics
import CTorch

// The only place where statuses become errors and Swift collections become C arrays.

/// The status of a shim call that worked.
let succeeded: Int32 = 0

/// - Throws: ``IeumError`` (system) with the shim's message.
func check(_ status: Int32) throws {
  guard status == succeeded else { throw IeumError(.system, "libtorch: \(lastMessage())") }
}

func lastMessage() -> String { String(cString: ct_last_error()) }

/// Runs a shim call with one tensor as its result.
func made(_ body: (inout OpaquePointer?) -> Int32) throws -> Tensor {
  var out: OpaquePointer?
  try check(body(&out))
  guard let out else { throw IeumError(.system, "libtorch gave no result") }
  return Tensor(owning: out)
}

/// Runs a shim call with two tensors as its result.
func madePair(
  _ body: (inout OpaquePointer?, inout OpaquePointer?) -> Int32
) throws -> (values: Tensor, indices: Tensor) {
  var first: OpaquePointer?
  var second: OpaquePointer?
  try check(body(&first, &second))
  guard let first, let second else { throw IeumError(.system, "libtorch gave no result") }
  return (Tensor(owning: first), Tensor(owning: second))
}

/// The handles of several tensors, alive during `body`.
func withHandles<Result>(
  _ tensors: [Tensor], _ body: (UnsafePointer<OpaquePointer?>?) throws -> Result
) rethrows -> Result {
  try withExtendedLifetime(tensors) {
    try tensors.map { Optional($0.handle) }.withUnsafeBufferPointer { try body($0.baseAddress) }
  }
}

extension [Int] {
  var wide: [Int64] { map(Int64.init) }
}
