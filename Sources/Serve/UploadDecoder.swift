import Basics
import Datasets
import Foundation

/// Decodes what somebody uploaded in a process of its own, with little memory and little time, into small squares.
public struct UploadDecoder: Sendable {
  /// The program that is started with ``command``.
  private let program: String
  private let seconds: Double

  /// The hidden subcommand that runs ``work(on:)``.
  public static let command = "decode-upload"
  static let side = 448
  static let frames = 8
  /// Memory that decoding may take beyond what the program itself does.
  private static let memory = 1 << 30

  /// - Parameter seconds: of the processor; by the clock three times as much, as other programs may use the machine.
  public init(program: String, seconds: Double = 20) {
    self.program = program
    self.seconds = seconds
  }

  /// The pictures of a file: itself, or frames of a film.
  /// - Parameter child: by which the decoding can be ended from elsewhere.
  /// - Throws: ``IeumError`` (data) when it cannot be decoded within the limits.
  public func decode(_ path: String, _ child: DecodingProcess = DecodingProcess()) throws -> [RGBImage] {
    let process = child.process
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = [UploadDecoder.command, path, "--seconds", "\(Int(seconds.rounded(.up)))"]
    let (output, errors) = (Pipe(), Pipe())
    (process.standardOutput, process.standardError) = (output, errors)
    process.standardInput = FileHandle.nullDevice
    do { try child.start() } catch let error as CancellationError { throw error } catch {
      throw IeumError(.system, "the decoder cannot be started (\(error.localizedDescription))", file: program)
    }
    let limit = DispatchWorkItem { child.end() }
    DispatchQueue.global().asyncAfter(deadline: .now() + 3 * seconds, execute: limit)
    let most = UploadDecoder.frames * (3 * UploadDecoder.side * UploadDecoder.side + 64)
    // Errors are short; the pictures are read to their end, or to the most that they can be.
    let data = (try? output.fileHandleForReading.read(upToCount: most)) ?? Data()
    let words = (try? errors.fileHandleForReading.read(upToCount: 2000)) ?? Data()
    process.waitUntilExit()
    limit.cancel()
    guard process.terminationReason == .exit, process.terminationStatus == 0 else {
      // The child's own words, with its way out, less the program's name in front.
      let said = String(decoding: words, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
      let reason = said.hasPrefix("ieum: ") ? String(said.dropFirst(6)) : said
      if process.terminationReason == .exit, !reason.isEmpty { throw IeumError(.data, reason) }
      throw IeumError(
        .data, "decoding the upload took more time or memory than is allowed",
        remedy: "send a smaller picture or a shorter clip")
    }
    return try UploadDecoder.pictures(data)
  }

  /// The child's part: limits itself, decodes, writes squares to standard output.
  public static func work(on path: String, seconds: Int) throws {
    try limit(seconds: seconds)
    do {
      for picture in try decodeHere(path) { FileHandle.standardOutput.write(Data(encoded(picture))) }
    } catch let error as IeumError {
      // The name is that of a temporary file, which tells the sender nothing.
      throw IeumError(error.kind, error.problem, remedy: error.remedy)
    }
  }

  private static func decodeHere(_ path: String) throws -> [RGBImage] {
    let square = ImagePreprocessing(
      resize: side, crop: side, interpolation: .bilinear, mean: [0, 0, 0], std: [1, 1, 1])
    func small(_ image: RGBImage) throws -> RGBImage {
      let values = try ImagePreprocessor.apply(image, square)
      let plane = side * side
      return RGBImage(
        width: side, height: side,
        pixels: (0..<plane).flatMap { place in
          (0..<3).map { UInt8(min(255, max(0, (values[$0 * plane + place] * 255).rounded()))) }
        })
    }
    let asPicture: IeumError
    do { return [try small(ImageDecoder.decode(path))] } catch let error as IeumError { asPicture = error }
    guard asPicture.problem.contains("is not an image") else { throw asPicture }
    guard let film = try? VideoFile(path) else {
      throw IeumError(.data, "the upload is neither a picture nor a film that can be read", remedy: "send PNG, JPEG, WebP or MP4")
    }
    let wanted = Array(Set(FrameSampling.uniform(frames).frames(of: film.table))).sorted()
    return try film.map(wanted, small)
  }

  private static func limit(seconds: Int) throws {
    // Address space: what the program has mapped already, and a little more.
    let pages = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))
      .flatMap { $0.split(separator: " ").first }.flatMap { Int($0) } ?? 1 << 20
    let bytes = rlim_t(pages * Int(getpagesize()) + memory)
    var space = rlimit(rlim_cur: bytes, rlim_max: bytes)
    var time = rlimit(rlim_cur: rlim_t(seconds), rlim_max: rlim_t(seconds))
    var files = rlimit(rlim_cur: 0, rlim_max: 0)
    guard setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &space) == 0,
      setrlimit(__rlimit_resource_t(RLIMIT_CPU.rawValue), &time) == 0,
      setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &files) == 0
    else { throw IeumError(.system, "the limits of the decoder cannot be set") }
  }

  private static func encoded(_ image: RGBImage) -> [UInt8] {
    Array("P6 \(image.width) \(image.height) 255\n".utf8) + image.pixels
  }

  /// Squares in the binary PPM format, one after the other.
  private static func pictures(_ data: Data) throws -> [RGBImage] {
    let header = Data("P6 \(side) \(side) 255\n".utf8)
    let size = header.count + 3 * side * side
    guard !data.isEmpty, data.count % size == 0 else { throw IeumError(.data, "the upload could not be decoded") }
    return try stride(from: 0, to: data.count, by: size).map { start in
      let piece = data[(data.startIndex + start)..<(data.startIndex + start + size)]
      guard piece.starts(with: header) else { throw IeumError(.system, "the decoder's answer is damaged") }
      return RGBImage(width: side, height: side, pixels: [UInt8](piece.dropFirst(header.count)))
    }
  }
}

/// A process that decodes an upload.
public final class DecodingProcess: @unchecked Sendable {
  let process = Process()
  private let lock = NSLock()
  private var isEnded = false

  public init() {}

  /// - Throws: `CancellationError` when it was ended before it began.
  func start() throws {
    lock.lock()
    defer { lock.unlock() }
    guard !isEnded else { throw CancellationError() }
    try process.run()
  }

  /// Kills it, or keeps it from starting.
  public func end() {
    lock.lock()
    defer { lock.unlock() }
    isEnded = true
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
  }
}
