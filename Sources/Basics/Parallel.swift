import Dispatch

/// Runs a function over many inputs on all cores, results in the order of the inputs.
public enum Parallel {
  public static func map<T, U>(_ inputs: [T], _ body: (T) -> U) -> [U] {
    let slots = UnsafeMutableBufferPointer<U?>.allocate(capacity: inputs.count)
    slots.initialize(repeating: nil)
    defer {
      slots.deinitialize()
      slots.deallocate()
    }
    // Each slot is written by one iteration only, so no lock is needed.
    nonisolated(unsafe) let (unsafeSlots, unsafeInputs, unsafeBody) = (slots, inputs, body)
    DispatchQueue.concurrentPerform(iterations: inputs.count) { unsafeSlots[$0] = unsafeBody(unsafeInputs[$0]) }
    return slots.compactMap { $0 }
  }
}
