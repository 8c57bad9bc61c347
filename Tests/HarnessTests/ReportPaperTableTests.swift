import Basics
import Foundation
import Harness
import Testing

/// The published numbers as committed.
@Suite struct ReportPaperTableTests {
  static let references = PaperTable.all(in: ReportFixture.paperTables)

  @Test func allFiveDocumentsArePresent() {
    let papers = Set(Self.references.map { String($0.split(separator: "/")[0]) })
    #expect(papers == ["hong2022", "half2020", "clipko2022", "etri2020", "jang2022"])
    #expect(Self.references.count == 13)
  }

  // Reading checks header, numbers and duplicates.
  @Test(arguments: references) func everyTableReads(_ reference: String) throws {
    let table = try PaperTable.read(reference, folder: ReportFixture.paperTables)
    #expect(!table.entries.isEmpty)
    let name = String(reference.split(separator: "/")[1])
    #expect(table.source.tables[name] != nil, "source.yaml does not say where \(reference) comes from")
    #expect(table.source.id == reference.split(separator: "/")[0])
    for entry in table.entries where entry.unit == "%" { #expect((0...100).contains(entry.value)) }
    for entry in table.entries where entry.unit == "fraction" { #expect((0...1).contains(entry.value)) }
  }

  @Test(arguments: [("table9", 415.5, 12), ("table10", 632.6, 12), ("table11", 867.8, 12), ("figure31", 285.7, 7)])
  func thesisTablesAddUp(_ name: String, _ sum: Double, _ count: Int) throws {
    let entries = try PaperTable.read("hong2022/\(name)", folder: ReportFixture.paperTables).entries
    #expect(entries.count == count)
    #expect(abs(entries.reduce(0) { $0 + $1.value } - sum) < 1e-9)
  }

  @Test func damagedTablesAreRefused() throws {
    let folder = NSTemporaryDirectory() + "ieum-paper-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try AtomicFile.write("id: p\ncitation: c\nyear: 2020\nlanguage: ko\ntables: {}\n", to: "\(folder)/p/source.yaml")
    let head = "row,column,metric,value,unit,method,notes\n"
    for (text, expected) in [
      ("row,column\na,b\n", "header"), (head + "a,b,R@1,high,%,,\n", "line 2"), (head + "a,b,R@1,1\n", "fields"),
      (head + "a,b,R@1,1,%,,\na,b,R@1,2,%,,\n", "repeats"), (head + "\"a,b,R@1,1,%,,\n", "quote"),
    ] {
      try AtomicFile.write(text, to: "\(folder)/p/t.csv")
      let error = #expect(throws: IeumError.self) { try PaperTable.read("p/t", folder: folder) }
      #expect(error?.description.contains(expected) == true, "\(error?.description ?? "")")
      #expect(error?.exitCode == 65)
    }
  }
}
