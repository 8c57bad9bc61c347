import Foundation

/// How much work was done in some stretch of time.
public struct Sample: Codable, Sendable {
  /// Items a second of wall-clock time.
  public let perSecond: Double
  /// Items a second of this process's processor time: what stays comparable when others use the machine.
  public let perProcessorSecond: Double
  /// Wall-clock and processor seconds of the sample.
  public let seconds: Double
  public let processorSeconds: Double

  /// Repeats `work` until `seconds` have gone by, at least once.
  /// - Parameter work: does some work and says how many items it was.
  public static func of(_ seconds: Double, _ work: () throws -> Int) rethrows -> Sample {
    let (start, processor) = (ContinuousClock.now, processorTime())
    var (items, elapsed) = (0, 0.0)
    repeat {
      items += try work()
      elapsed = (ContinuousClock.now - start) / .seconds(1)
    } while elapsed < seconds
    let used = processorTime() - processor
    return Sample(
      perSecond: Double(items) / elapsed, perProcessorSecond: Double(items) / max(used, 1e-9), seconds: elapsed,
      processorSeconds: used)
  }

  /// User and system time of all threads of this process.
  static func processorTime() -> Double {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
    return seconds(usage.ru_utime) + seconds(usage.ru_stime)
  }
}
