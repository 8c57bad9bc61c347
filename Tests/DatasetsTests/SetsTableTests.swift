import Basics
import Datasets
import Foundation
import Testing

@Suite struct SetsTableTests {
  private func table(_ text: String) throws -> CSVTable { try CSVTable(Data(text.utf8), path: "t.csv") }

  @Test func fieldsAreReadAsRFC4180HasThem() throws {
    let table = try table("\u{FEFF}id,text\r\n1,\"a, \"\"b\"\"\nc\"\r\n\r\n2,\r\n\"\",\"\"\n3,마지막")
    #expect(table.header == ["id", "text"])
    #expect(table.rows.map(\.fields) == [["1", "a, \"b\"\nc"], ["2", ""], ["", ""], ["3", "마지막"]])
    #expect(table.rows.map(\.line) == [2, 5, 6, 7])
    #expect(try table.column("text") == 1)
  }

  @Test func badTablesAreRefusedWithTheLine() throws {
    let cases = [
      ("", nil, "is empty"), ("a,b\n1\n", "line 2", "1 fields"), ("a,b\n1,2\n1,2,3\n", "line 3", "3 fields"),
      ("a,b\n1,\"x\n\n", "line 2", "never closes"), ("a,b\n1,x\"y\"\n", "line 2", "unquoted"),
      ("a,b\n\"x\ny\"z,1\n", "line 3", "closing quote"), ("a,a\n", "line 1", "twice"),
    ]
    for (text, place, problem) in cases {
      let error = refusal { try table(text) }
      #expect(error?.place == place && error?.problem.contains(problem) == true, "\(text.debugDescription)")
      #expect(error?.kind == .data && error?.file == "t.csv")
    }
    let error = refusal { try CSVTable(Data([97, 10, 98, 10, 0xFF, 10]), path: "t.csv") }
    #expect(error?.place == "line 3" && error?.problem.contains("UTF-8") == true)
    #expect(refusal { try table("id,plot\n").column("plott") } != nil)
  }

  @Test func wideTablesAreReadInTimeThatGrowsWithThem() throws {
    let header = (0..<30_000).map { "c\($0)" }.joined(separator: ",")
    #expect(try table(header).header.count == 30_000)
    #expect(refusal { try table(header + ",c29999") }?.problem.contains("'c29999' comes twice") == true)
  }

  /// Any table that is written with all its fields quoted, or only where that is needed, is read as it was.
  @Test func whatIsWrittenIsRead() throws {
    var generator = SeededGenerator(seed: 4)
    let pieces = ["a", "나", ",", "\"", "\n", "\r\n", " ", "\r", "é", "👩‍👩‍👧", ""]
    func pick(_ n: Int) -> Int { Int(generator.next() % UInt64(n)) }
    for round in 0..<300 {
      let columns = 2 + pick(3)
      let rows = (0..<pick(5)).map { _ in
        (0..<columns).map { _ in (0..<pick(5)).map { _ in pieces[pick(pieces.count)] }.joined() }
      }
      let (always, end) = (pick(2) == 0, pick(2) == 0 ? "\n" : "\r\n")
      let lines = ([(0..<columns).map { "c\($0)" }] + rows).map { row in
        row.map { field in
          let needed = always || field.utf8.contains { [10, 13, 34, 44].contains($0) }
          return needed ? "\"" + field.replacingOccurrences(of: "\"", with: "\"\"") + "\"" : field
        }.joined(separator: ",")
      }
      let read = try table(lines.joined(separator: end) + (pick(2) == 0 ? end : ""))
      #expect(read.rows.map(\.fields) == rows, "round \(round)")
    }
  }
}
