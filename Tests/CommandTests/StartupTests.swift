import Basics
import Foundation
import Testing

/// What is heavy to load is loaded when it is first needed, and what is said where it is not there.
@Suite struct StartupTests {
  private static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().path

  /// What the dynamic linker tells of a run's libraries.
  private func libraries(_ arguments: [String], cache: String) throws -> String {
    let run = try Program.run(arguments, cache: cache, environment: ["LD_DEBUG": "files"])
    #expect(run.status == 0, "\(arguments)")
    return run.errors
  }

  @Test func onlyWhatMakesTensorsLoadsLibtorch() throws {
    let mini = try Miniature()
    defer { mini.remove() }
    let (cache, results) = (mini.folder + "/cache", ["--results", mini.folder + "/results"])
    for command in [
      ["--help"], ["run", "--help"], ["models", "list"], ["data", "list"], ["status", mini.experiment] + results,
      ["plan", mini.experiment, "--no-probes"],
    ] {
      let loaded = try libraries(command, cache: cache)
      #expect(loaded.contains("libFoundation.so"))
      for heavy in ["libieum-torch", "libtorch", "libieum-media", "libavcodec"] {
        #expect(!loaded.contains(heavy), "\(command) loads \(heavy)")
      }
    }
    #expect(try libraries(["doctor"], cache: cache).contains("libtorch_cpu.so"))
  }

  @Test func aProgramWithoutItsLibrariesSaysSo() throws {
    try Program.withFolder { folder in
      let alone = folder + "/ieum"
      try FileManager.default.copyItem(atPath: Program.path, toPath: alone)
      #expect(try Program.run(["--help"], program: alone).status == 0)
      // Nothing there, then something that is no library, then one without the function.
      for content in [nil, Data("text".utf8), try Data(contentsOf: URL(fileURLWithPath: Self.library("media")))] {
        try content?.write(to: URL(fileURLWithPath: folder + "/libieum-torch.so"))
        let run = try Program.run(["doctor"], program: alone, cache: folder)
        #expect(run.status == 1 && run.output.isEmpty)
        #expect(run.errors.hasPrefix("ieum: libieum-torch.so") && run.errors.contains("swift build"), "\(run.errors)")
      }
    }
  }

  /// A change of a library alone is a change of the program: it makes failed cells worth another try.
  @Test func aProgramIsAsNewAsItsLibraries() {
    #expect(ProgramFiles.folder == URL(fileURLWithPath: Program.path).deletingLastPathComponent().resolvingSymlinksInPath().path)
    #expect(ProgramFiles.built.count == 3 && ProgramFiles.built.allSatisfy { $0 > 0 })
    #expect(ProgramFiles.modified(ProgramFiles.folder) == nil)
  }

  private static func library(_ name: String) -> String {
    URL(fileURLWithPath: Program.path).deletingLastPathComponent().path + "/libieum-\(name).so"
  }

  /// Every function that a header declares is one that the program finds in the library.
  @Test(arguments: [("CTorch", "torch", 100), ("CLibAV", "media", 20)])
  func headersListsAndLibrariesAgree(target: String, library: String, atLeast: Int) throws {
    let folder = "\(Self.repository)/Sources/\(target)"
    let headers = try FileManager.default.contentsOfDirectory(atPath: folder + "/include").filter { $0.hasSuffix(".h") }
    let declared = try headers.flatMap { header in
      try String(contentsOfFile: "\(folder)/include/\(header)", encoding: .utf8).split(separator: "\n")
        .map { $0.prefix(upTo: $0.firstRange(of: "//")?.lowerBound ?? $0.endIndex) }
        .flatMap { $0.matches(of: /\b((?:ct|clibav|clibpicture)_\w+)\(/).map { String($0.1) } }
    }
    let listed = try String(contentsOfFile: folder + "/calls.S", encoding: .utf8).split(separator: "\n")
      .filter { $0.hasPrefix("calls ") }.flatMap { $0.dropFirst(6).split(separator: ", ").map(String.init) }
    #expect(declared.count >= atLeast && declared.sorted() == listed.sorted())
    let handle = try #require(dlopen(Self.library(library), RTLD_LAZY))
    #expect(declared.filter { dlsym(handle, $0) == nil }.isEmpty)
  }
}
