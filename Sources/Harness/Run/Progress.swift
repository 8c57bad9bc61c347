import Foundation

/// Progress on stderr while it is a terminal: done, rate and time left.
public final class Progress {
  private var title = ""
  private var total = 0
  private var done = 0
  private var start = ContinuousClock.now
  private var lastLine = ContinuousClock.now
  private let isTerminal: Bool
  private let write: (String) -> Void

  public convenience init() {
    self.init(isTerminal: isatty(STDERR_FILENO) == 1) { FileHandle.standardError.write(Data($0.utf8)) }
  }

  /// - Parameters:
  ///   - isTerminal: lines may be written over.
  ///   - write: takes what would go to stderr.
  public init(isTerminal: Bool, write: @escaping (String) -> Void) {
    (self.isTerminal, self.write) = (isTerminal, write)
  }

  public func start(_ title: String, total: Int) {
    (self.title, self.total, done) = (title, total, 0)
    start = .now
    if !isTerminal, total > 0 { write("\(title): \(total) items\n") }
  }

  func advance(_ count: Int) { moved(to: done + count) }

  public func moved(to count: Int) {
    done = count
    guard isTerminal, ContinuousClock.now - lastLine > .milliseconds(200) else { return }
    lastLine = .now
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    let rate = Double(done) / max(seconds, 1e-6)
    let left = Double(total - done) / max(rate, 1e-6)
    write(String(format: "\r\u{1B}[K%@: %d/%d, %.1f/s, %.0f s left", title, done, total, rate, left))
  }

  public func finish() { if isTerminal, total > 0 { write("\r\u{1B}[K") } }

  public func note(_ text: String) { write(text + "\n") }
}
