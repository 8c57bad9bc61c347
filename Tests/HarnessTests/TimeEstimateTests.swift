import Harness
import Testing

@Suite struct TimeEstimateTests {
  private func run(_ seconds: Double) -> TimeEstimate.Cost { .init(seconds: seconds, isFromRun: true) }
  private func probe(_ seconds: Double) -> TimeEstimate.Cost { .init(seconds: seconds, isFromRun: false) }

  @Test func extractionsFollowEachOtherAndTrainingsRunSideBySide() {
    let estimate = TimeEstimate(extractions: [run(3), run(4)], cells: [run(5), run(1), run(1), run(6)], jobs: 2)
    #expect(estimate.features == 7)
    // One worker takes 5, the other 1, 1 and 6.
    #expect(estimate.training == 8)
    #expect(estimate.total == 15)
    #expect(estimate.unknown == 0 && estimate.isFromRuns)
    #expect(TimeEstimate(extractions: [], cells: [run(5), run(1), run(6)], jobs: 1).training == 12)
    #expect(TimeEstimate(extractions: [], cells: [run(5)], jobs: 8).training == 5)
  }

  @Test func whatIsUnknownIsCountedAndSaid() {
    let estimate = TimeEstimate(extractions: [nil], cells: [probe(90), nil, run(2)], jobs: 2)
    #expect(estimate.unknown == 2 && !estimate.isFromRuns && estimate.total == 90)
    #expect(
      estimate.text == "expected: about 1 min 30 s (training and evaluation 1 min 30 s, without 2 part(s) of which nothing "
        + "is known before one has run, in part from probes, with all epochs)")
    let nothing = TimeEstimate(extractions: [nil], cells: [], jobs: 2)
    #expect(nothing.text?.hasPrefix("expected: unknown (") == true)
    #expect(TimeEstimate(extractions: [], cells: [], jobs: 2).text == nil)
  }

  @Test(arguments: [
    (0.04, "0.0 s"), (9.94, "9.9 s"), (9.96, "10 s"), (59.6, "1 min"), (140, "2 min 20 s"), (3600, "1 h"),
    (11_100, "3 h 5 min"), (187_300, "2 d 4 h"),
  ])
  func durationsAreShort(seconds: Double, text: String) {
    let estimate = TimeEstimate(extractions: [run(seconds)], cells: [], jobs: 1)
    #expect(estimate.text == "expected: about \(text) (features \(text))")
  }
}
