import Basics
import Foundation
import Harness
import Testing

/// How many processes a machine's memory holds.
@Suite struct JobsTests {
  @Test func theHungriestCellsMustFitTogether() {
    #expect(JobCount.fitting(4, peaks: [1, 1, 1, 1, 1], available: 100) == 4)
    #expect(JobCount.fitting(4, peaks: [1, 1], available: 100) == 2)
    #expect(JobCount.fitting(4, peaks: [6, 1, 1, 6], available: 13) == 3)
    #expect(JobCount.fitting(4, peaks: [1, 6, 1, 6], available: 11) == 1)
    #expect(JobCount.fitting(4, peaks: [1, 1, 1], available: 2) == 2)
    // One runs, whatever is known of the memory.
    #expect(JobCount.fitting(4, peaks: [50, 50], available: 10) == 1)
    #expect(JobCount.fitting(4, peaks: [50, 50], available: 0) == 1)
    #expect(JobCount.fitting(4, peaks: [50, 50, 50], available: nil) == 3)
    #expect(JobCount.fitting(4, peaks: [], available: 10) == 1)
  }

  @Test func theTightestLimitCounts() throws {
    let root = NSTemporaryDirectory() + "ieum-memory-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: root) }
    func write(_ text: String, _ path: String) throws { try AtomicFile.write(text, to: root + path) }
    #expect(MemoryRoom(root: root).available == nil)
    try write("MemTotal:  9000 kB\nMemAvailable:    6000 kB\n", "/proc/meminfo")
    #expect(MemoryRoom(root: root).available == 6000 * 1024)
    // A job's group within a group that has no limit.
    try write("0::/slurm/job7\n", "/proc/self/cgroup")
    try write("max\n", "/sys/fs/cgroup/slurm/memory.max")
    try write("1000000\n", "/sys/fs/cgroup/slurm/memory.current")
    #expect(MemoryRoom(root: root).available == 6000 * 1024)
    try write("3000000\n", "/sys/fs/cgroup/slurm/job7/memory.max")
    try write("1000000\n", "/sys/fs/cgroup/slurm/job7/memory.current")
    try write("anon 500000\ninactive_file 250000\n", "/sys/fs/cgroup/slurm/job7/memory.stat")
    #expect(MemoryRoom(root: root).available == 2_250_000)
    try write("1200000\n", "/sys/fs/cgroup/slurm/memory.max")
    #expect(MemoryRoom(root: root).available == 200_000)
    try write("7:memory,cpu:/job\n", "/proc/self/cgroup")
    try write("5000000\n", "/sys/fs/cgroup/memory/job/memory.limit_in_bytes")
    try write("4900000\n", "/sys/fs/cgroup/memory/job/memory.usage_in_bytes")
    #expect(MemoryRoom(root: root).available == 100_000)
  }
}
