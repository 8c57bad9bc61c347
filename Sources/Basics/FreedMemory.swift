import Foundation

/// What the allocator does with memory that is freed.
public enum FreedMemory {
  /// Keeps up to 64 MiB for the next use instead of giving it back to the system at once. Pictures and batches of the
  /// same sizes come and go: each of their pages would otherwise be mapped, cleared and faulted in anew, which takes
  /// longer than resizing the picture. Without effect where the C library is not glibc.
  public static func keep() {
    typealias Setting = @convention(c) (Int32, Int32) -> Int32
    // Its header is not part of Swift's Glibc module.
    guard let symbol = dlsym(nil, "mallopt") else { return }
    let set = unsafeBitCast(symbol, to: Setting.self)
    let (trimThreshold, mapThreshold): (Int32, Int32) = (-1, -3)
    _ = set(trimThreshold, 64 << 20)
    _ = set(mapThreshold, 32 << 20)
  }
}
