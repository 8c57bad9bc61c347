import Basics

/// What a picture looks like, small: two difference hashes and a thumbnail.
///
/// The hash compares neighbouring cells of a grid, 64 along rows and 64 along columns; it survives scaling, another
/// format and small changes of brightness. Flat pictures have few differences, so the thumbnails decide.
struct PictureHash: Sendable, Equatable {
  let rows: UInt64
  let columns: UInt64
  /// 8 × 8 cells of red, green, blue. `[192]`
  let thumbnail: [UInt8]
  /// Width over height.
  let aspect: Double

  /// Bits of 128 in which the hashes of one picture may differ after re-encoding.
  static let maximumDistance = 6
  /// Mean difference of the thumbnails' cells, of 255, up to which they count as one picture.
  static let maximumDifference = 5.0

  init(_ image: RGBImage) {
    func resized(_ width: Int, _ height: Int) -> [UInt8] {
      ImageResampler.resize(
        image, width: width, height: height, interpolation: .bilinear, columns: 0..<width, rows: 0..<height
      ).pixels
    }
    let (wide, tall) = (resized(9, 8), resized(8, 9))
    func grey(_ pixels: [UInt8], _ cell: Int) -> Int {
      299 * Int(pixels[3 * cell]) + 587 * Int(pixels[3 * cell + 1]) + 114 * Int(pixels[3 * cell + 2])
    }
    var (rows, columns) = (UInt64(0), UInt64(0))
    for y in 0..<8 {
      for x in 0..<8 {
        rows = rows << 1 | (grey(wide, y * 9 + x) > grey(wide, y * 9 + x + 1) ? 1 : 0)
        columns = columns << 1 | (grey(tall, y * 8 + x) > grey(tall, (y + 1) * 8 + x) ? 1 : 0)
      }
    }
    (self.rows, self.columns) = (rows, columns)
    thumbnail = resized(8, 8)
    aspect = Double(image.width) / Double(image.height)
  }

  /// Whether two pictures look the same.
  func isTwin(of other: PictureHash) -> Bool {
    guard distance(to: other) <= Self.maximumDistance, abs(aspect / other.aspect - 1) < 0.05 else { return false }
    let sum = zip(thumbnail, other.thumbnail).reduce(0) { $0 + abs(Int($1.0) - Int($1.1)) }
    return Double(sum) / Double(thumbnail.count) <= Self.maximumDifference
  }

  @inline(__always)
  func distance(to other: PictureHash) -> Int {
    (rows ^ other.rows).nonzeroBitCount + (columns ^ other.columns).nonzeroBitCount
  }
}

/// Pictures of different splits that look the same.
enum PictureTwins {
  static func find(_ placed: [PlacedItem]) -> (leaks: [Leak], unreadable: Int) {
    let jobs = placed.flatMap { place in place.item.imagePaths.map { (place, $0) } }
    let hashes = Parallel.map(jobs) { job in (try? ImageDecoder.decode(job.1)).map { PictureHash($0) } }
    var leaks: [Leak] = []
    for (i, a) in hashes.enumerated() {
      guard let a else { continue }
      for j in (i + 1)..<max(i + 1, hashes.count) {
        guard let b = hashes[j], jobs[i].0.split != jobs[j].0.split, a.isTwin(of: b) else { continue }
        let detail = [jobs[i].1, jobs[j].1].map { $0.split(separator: "/").suffix(1).joined() }
        leaks.append(Leak(.pixels, jobs[i].0, jobs[j].0, detail.joined(separator: " ~ ")))
      }
    }
    return (leaks, hashes.count { $0 == nil })
  }
}
