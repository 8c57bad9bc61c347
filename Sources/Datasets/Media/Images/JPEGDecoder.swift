import Basics
import CJPEG

/// JPEG by libjpeg-turbo, straight to RGB at full size.
enum JPEGDecoder {
  enum Failure: Error {
    case damaged(String)
    /// A kind of JPEG that it does not decode, or CPU memory that it does not get.
    case unsupported(String), noMemory
    case tooLarge
  }

  /// The stored picture; its orientation is not applied.
  /// - Throws: ``Failure``.
  static func decode(_ bytes: [UInt8], maximumPixels: Int) throws(Failure) -> RGBImage {
    var message = [CChar](repeating: 0, count: MediaShim.messageSize)
    var handle: OpaquePointer?
    defer { cjpeg_close(handle) }
    let result = bytes.withUnsafeBufferPointer { data -> Result<RGBImage, Failure> in
      var (width, height): (Int32, Int32) = (0, 0)
      let opened = cjpeg_open(data.baseAddress, data.count, &handle, &width, &height, &message, message.count)
      if let failure = failure(opened, message) { return .failure(failure) }
      guard width > 0, height > 0 else { return .failure(.damaged("it has no size")) }
      let size = 3 * Int(width) * Int(height)
      guard size / 3 <= maximumPixels else { return .failure(.tooLarge) }
      var status: Int32 = 0
      let pixels = [UInt8](unsafeUninitializedCapacity: size) { out, count in
        status = cjpeg_read(handle, out.baseAddress, &message, message.count)
        count = status == Int32(CJPEG_OK) ? size : 0
      }
      if let failure = failure(status, message) { return .failure(failure) }
      return .success(RGBImage(width: Int(width), height: Int(height), pixels: pixels))
    }
    return try result.get()
  }

  private static func failure(_ status: Int32, _ message: [CChar]) -> Failure? {
    let text = MediaShim.text(message)
    switch Int(status) {
    case Int(CJPEG_OK): return nil
    case Int(CJPEG_UNSUPPORTED): return .unsupported(text)
    case Int(CJPEG_NO_MEMORY): return .noMemory
    default: return .damaged(text)
    }
  }
}
