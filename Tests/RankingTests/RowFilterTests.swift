import Basics
import Ranking
import Testing

@Suite struct RowFilterTests {
  @Test(arguments: [0, 1, 63, 64, 65, 200]) func partsHoldTheirRows(count: Int) {
    var generator = SeededGenerator(seed: 5, purpose: "row filter")
    let allowed = (0..<count).map { _ in generator.next() % 3 == 0 }
    let filter = RowFilter(count: count, rows: allowed.indices.filter { allowed[$0] })
    for cut in [0, 1, 63, 64, 65, 130, 500] {
      let (head, tail) = (filter.prefix(cut), filter.dropFirst(cut))
      #expect((0..<head.count).map { head[$0] } == Array(allowed.prefix(cut)))
      #expect((0..<tail.count).map { tail[$0] } == Array(allowed.dropFirst(cut)))
      #expect(head.allowed + tail.allowed == filter.allowed)
    }
  }
}
