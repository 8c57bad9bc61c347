import Basics
import Datasets

/// Which frames of a clip are looked at.
struct ClipSampling: Sendable, CustomStringConvertible {
  let name: String
  let frames: Int

  /// - Throws: ``IeumError`` (usage) for an unknown way of sampling.
  init(name: String, frames: Int) throws {
    (self.name, self.frames) = (name, frames)
  }

  var description: String { "\(name) \(frames)" }
}

/// The pictures and the sound of an item, wherever they come from.
struct ClipMedia {
  let item: DatasetItem

  init(_ item: DatasetItem) { self.item = item }

  var hasPictures: Bool { !item.imagePaths.isEmpty }

  /// Views that ``pictures(_:numbers:_:)`` can be asked for.
  func pictureCount(_ sampling: ClipSampling) -> Int { item.imagePaths.count }

  /// Some pictures, each mapped as soon as it is decoded.
  /// - Parameter numbers: nil = all, in order.
  func pictures<T>(_ sampling: ClipSampling, numbers: [Int]? = nil, _ transform: (RGBImage) throws -> T) throws -> [T] {
    let numbers = numbers ?? Array(item.imagePaths.indices)
    guard !item.imagePaths.isEmpty else {
      throw IeumError(.data, "has neither pictures nor a film", place: "item '\(item.id)'")
    }
    return try numbers.map { try transform(ImageDecoder.decode(item.imagePaths[min($0, item.imagePaths.count - 1)])) }
  }
}
