import Basics
import Foundation
import FuzzMemory

/// Which target this process runs: `IEUM_FUZZ_TARGET`.
private let target: FuzzTarget = {
  let name = ProcessInfo.processInfo.environment["IEUM_FUZZ_TARGET"] ?? ""
  guard let found = FuzzTarget.named(name) else {
    FileHandle.standardError.write(Data("IEUM_FUZZ_TARGET must name one of \(FuzzTarget.all.map(\.name))\n".utf8))
    exit(64)
  }
  return found
}()
private let scratch = Scratch(target)

/// The package manager names an executable's entry itself, so libFuzzer is started from here and not by its own `main`.
@main
enum Fuzz {
  static func main() { exit(fuzz_run(CommandLine.argc, CommandLine.unsafeArgv, fuzzOneInput)) }
}

/// Called by libFuzzer. A finding is a trap, an error that is no ``IeumError``, a single allocation of more than ten
/// times the input, or a hundred times the input in all (both beyond the target's allowance).
private func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  guard scratch.write(UnsafeBufferPointer(start: start, count: count)) else { return 0 }
  fuzz_memory_begin(10 * count + target.allowance, 100 * count + 16 * target.allowance)
  defer { fuzz_memory_end() }
  do {
    try target.read(scratch.path)
  } catch let error as IeumError {
    _ = error.description
  } catch {
    fatalError("an error that is no IeumError: \(error)")
  }
  return 0
}
