import Basics
import Foundation

/// Runs gnuplot; every failure says what to install or look at.
public struct Gnuplot: Sendable {
  /// The font that all figures use.
  public let font: String
  /// False when no installed font has Hangul: gnuplot would then draw black shapes over the figure.
  public let hasHangulFont: Bool
  let program: String?

  /// Looks for gnuplot and a Korean font on this machine.
  public static func found() -> Gnuplot {
    let families = (try? output(of: "fc-list", [":lang=ko", "family"])) ?? ""
    let hasHangul = !families.allSatisfy(\.isWhitespace)
    return Gnuplot(
      font: families.contains("NanumGothic") ? "NanumGothic" : "sans", hasHangulFont: hasHangul,
      program: path(of: "gnuplot"))
  }

  public init(font: String, hasHangulFont: Bool, program: String?) {
    self.font = font
    self.hasHangulFont = hasHangulFont
    self.program = program
  }

  /// True when figures with Korean text can be drawn.
  public var isUsable: Bool { program != nil && hasHangulFont }

  /// Writes `.gp` and `.dat`, then draws `.svg` and `.png` beside them.
  /// - Returns: the paths of SVG and PNG.
  /// - Throws: ``IeumError`` (system) when gnuplot or a font is missing or gnuplot fails; script and data are
  ///   written all the same.
  public func draw(_ figure: Figure, folder: String) throws -> [String] {
    let base = "\(folder)/\(figure.name)"
    let script = figure.script(font: font)
    try AtomicFile.write(figure.data, to: base + ".dat")
    try AtomicFile.write(script, to: base + ".gp")
    guard let program else {
      throw IeumError(
        .system, "gnuplot is not installed, so the figure is not drawn", file: base + ".gp",
        remedy: "apt-get install gnuplot-nox, then run `ieum report` again")
    }
    guard hasHangulFont || !figure.hasHangul else {
      throw IeumError(
        .system, "no installed font has Hangul, so the figure is not drawn", file: base + ".gp",
        remedy: "apt-get install fonts-nanum, then run `ieum report` again")
    }
    return try inScratch(folder) { scratch in
      try AtomicFile.write(figure.data, to: "\(scratch)/\(figure.name).dat")
      try AtomicFile.write(script, to: "\(scratch)/\(figure.name).gp")
      let log = try Gnuplot.output(of: program, ["\(figure.name).gp"], folder: scratch)
      return try ["svg", "png"].map { kind in
        let made = "\(scratch)/\(figure.name).\(kind)"
        guard let data = FileManager.default.contents(atPath: made), !data.isEmpty else {
          throw IeumError(.system, "gnuplot drew nothing (\(log))", file: base + ".gp")
        }
        try AtomicFile.write(data, to: "\(base).\(kind)")
        return "\(base).\(kind)"
      }
    }
  }

  // gnuplot writes in place, so it works aside and only whole pictures get their final names.
  private func inScratch<T>(_ folder: String, _ body: (String) throws -> T) throws -> T {
    let scratch = "\(folder)/.drawing.\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: scratch) }
    return try body(scratch)
  }

  /// What a program prints, standard error included.
  /// - Throws: ``IeumError`` (system) when it cannot be started or fails.
  static func output(of program: String, _ arguments: [String], folder: String? = nil) throws -> String {
    guard let path = path(of: program) else {
      throw IeumError(.system, "'\(program)' is not installed", remedy: "install it")
    }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    if let folder { process.currentDirectoryURL = URL(fileURLWithPath: folder) }
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    process.standardInput = FileHandle.nullDevice
    do {
      try process.run()
    } catch {
      throw IeumError(.system, "'\(path)' cannot be started (\(error.localizedDescription))")
    }
    // Read to the end first: a full pipe would stop the program for ever.
    let data = (try? pipe.fileHandleForReading.readToEnd()) ?? Data()
    process.waitUntilExit()
    let text = String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    guard process.terminationStatus == 0 else {
      throw IeumError(.system, "'\(program) \(arguments.joined(separator: " "))' failed: \(text)")
    }
    return text
  }

  /// The file that a program name stands for, searched along `PATH`.
  private static func path(of program: String) -> String? {
    if program.contains("/") { return FileManager.default.isExecutableFile(atPath: program) ? program : nil }
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":")
    return folders.map { "\($0)/\(program)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
  }
}
