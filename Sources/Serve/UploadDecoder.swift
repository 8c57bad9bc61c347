import Basics
import Datasets
import Foundation
import Harness

/// Decodes what somebody uploaded in a process of its own, with little memory and little time: into small squares, or into
/// sound at the rate that the model reads.
public struct UploadDecoder: Sendable {
  /// The program that is started with ``command``.
  private let program: String
  private let seconds: Double

  /// The hidden subcommand that runs ``work(on:soundRate:isSound:seconds:)``.
  public static let command = "decode-upload"
  static let frames = 8
  /// Seconds of sound.
  static let longestSound = 600
  /// Memory that decoding may take beyond what the program itself does.
  private static let memory = 1 << 30

  static let unheard = "the model of this index has no sound side; send a picture or a film"

  /// - Parameter seconds: of the processor; by the clock three times as much, as other programs may use the machine.
  public init(program: String, seconds: Double = 20) {
    self.program = program
    self.seconds = seconds
  }

  /// What is in a file: a picture, frames of a film, or sound.
  /// - Parameters:
  ///   - soundRate: hertz at which sounds are wanted; nil = they are not.
  ///   - isSound: take its sound, whatever else is in it.
  ///   - child: by which the decoding can be ended from elsewhere.
  /// - Throws: ``IeumError`` (data) when it cannot be decoded within the limits.
  public func decode(
    _ path: String, soundRate: Int? = nil, isSound: Bool = false, _ child: DecodingProcess = DecodingProcess()
  ) throws -> QueryMedia {
    let process = child.process
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments =
      [UploadDecoder.command, path, "--seconds", "\(Int(seconds.rounded(.up)))"]
      + (soundRate.map { ["--sound-rate", "\($0)"] } ?? []) + (isSound ? ["--is-sound"] : [])
    let (output, errors) = (Pipe(), Pipe())
    (process.standardOutput, process.standardError) = (output, errors)
    process.standardInput = FileHandle.nullDevice
    do { try child.start() } catch let error as CancellationError { throw error } catch {
      throw IeumError(.system, "the decoder cannot be started (\(error.localizedDescription))", file: program)
    }
    let limit = DispatchWorkItem { child.end() }
    DispatchQueue.global().asyncAfter(deadline: .now() + 3 * seconds, execute: limit)
    let most = max(DecodedUpload.mostBytes(pictures: Self.frames), 4 * Self.longestSound * (soundRate ?? 0) + 64)
    // Errors are short; the rest is read to its end, or to the most that it can be.
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
        remedy: soundRate == nil ? "send a smaller picture or a shorter clip" : "send something smaller or shorter")
    }
    return try DecodedUpload.read(data)
  }

  /// The child's part: limits itself, decodes, writes what it has to standard output.
  public static func work(on path: String, soundRate: Int?, isSound: Bool, seconds: Int) throws {
    try limit(seconds: seconds)
    do {
      if isSound, let soundRate { return DecodedUpload.write(try sound(path, rate: soundRate)) }
      try DecodedUpload.write(seen(path))
    } catch let error as IeumError {
      // What cannot be seen may be heard, whatever type was declared.
      if !isSound, let content = try? MediaContent(of: path), content.hasSound, !content.hasPictures {
        guard let soundRate else { throw IeumError(.data, "the upload is a sound; \(unheard)") }
        return DecodedUpload.write(try sound(path, rate: soundRate))
      }
      // The name is that of a temporary file, which tells the sender nothing.
      throw IeumError(error.kind, error.problem, remedy: told(error, hears: soundRate != nil))
    }
  }

  private static func told(_ error: IeumError, hears: Bool) -> String? {
    guard error.problem == unseen else { return error.remedy }
    return hears ? "send PNG, JPEG, WebP, MP4, WAV, OGG, FLAC or MP3" : "send PNG, JPEG, WebP or MP4"
  }

  private static let unseen = "the upload is neither a picture nor a film that can be read"

  private static func seen(_ path: String) throws -> [RGBImage] {
    let asPicture: IeumError
    do { return [try DecodedUpload.square(ImageDecoder.decode(path))] } catch let error as IeumError { asPicture = error }
    guard asPicture.problem.contains("is not an image") else { throw asPicture }
    guard let film = try? VideoFile(path) else { throw IeumError(.data, unseen) }
    let wanted = Array(Set(FrameSampling.uniform(frames).frames(of: film.table))).sorted()
    return try film.map(wanted, DecodedUpload.square)
  }

  private static func sound(_ path: String, rate: Int) throws -> Sound {
    let longest = Double(longestSound)
    let sound: Sound
    do {
      sound = try Sound.read(path, rate: rate, end: longest + 1)
    } catch let error as IeumError {
      throw IeumError(
        error.kind, "the upload is no sound that can be read (\(error.problem))", remedy: "send WAV, OGG, FLAC or MP3")
    }
    guard sound.duration <= longest else {
      throw IeumError(
        .data, "the sound is longer than \(longestSound / 60) minutes", remedy: "send a part of it")
    }
    guard sound.samples.allSatisfy(\.isFinite) else {
      throw IeumError(.data, "the sound has samples that are no numbers", remedy: "export it again")
    }
    return sound
  }

  private static func limit(seconds: Int) throws {
    // Loaded now, so that its 200 MB of address space do not count as the upload's.
    _ = MediaLibrary.version
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
