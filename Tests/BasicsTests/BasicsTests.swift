import Basics
import Foundation
import Testing

@Suite struct BasicsTests {
  @Test func digestsAreSHA256() throws {
    #expect(Digest.of("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    let path = NSTemporaryDirectory() + "ieum-digest-\(UUID().uuidString)"
    defer { unlink(path) }
    try AtomicFile.write("abc", to: path)
    #expect(try Digest.ofFile(path) == Digest.of("abc"))
    #expect(throws: IeumError.self) { try Digest.ofFile(path + ".absent") }
  }

  @Test func generatorsRepeatAndPurposesDiffer() {
    var (a, b) = (SeededGenerator(seed: 1, purpose: "init"), SeededGenerator(seed: 1, purpose: "init"))
    var c = SeededGenerator(seed: 1, purpose: "shuffle")
    let first = (0..<8).map { _ in a.next() }
    #expect(first == (0..<8).map { _ in b.next() })
    #expect(first != (0..<8).map { _ in c.next() })
    #expect((0..<1000).allSatisfy { _ in (0..<1).contains(Int(a.uniform())) })
  }

  @Test func stagesOfOneNameAreOne() {
    let (_, stages) = Stages.during {
      Stages.time("product", operations: 3) {}
      Stages.add(Stage("counting", seconds: 2))
      Stages.add(Stage("product", seconds: 4, operations: 5))
    }
    #expect(stages.map(\.name) == ["product", "counting"])
    #expect(stages.map(\.operations) == [8, 0])
    #expect(stages[0].seconds >= 4 && stages[1].seconds == 2)
    let kinds = [Stage("a", seconds: 1), Stage("b", seconds: 2), Stage("a", seconds: 4, operations: 8)]
    #expect(kinds.merged == [Stage("a", seconds: 5, operations: 8), Stage("b", seconds: 2)])
  }

  @Test func slipsFindTheirNames() {
    #expect(Suggestion.nearest(to: "resnet5O", in: ["resnet50", "bert"]) == "resnet50")
    #expect(Suggestion.nearest(to: "zzzzzz", in: ["resnet50"]) == nil)
  }

  @Test func parametersAreChecked() throws {
    let specs = [ParameterSpec("margin", default: .double(0.2), ""), ParameterSpec("k", default: .int(1), "")]
    let values = try Parameters(["margin": .int(1)], specs: specs, owner: "loss")
    #expect(values.double("margin") == 1 && values.int("k") == 1)
    let unknown = #expect(throws: IeumError.self) { try Parameters(["margim": .int(1)], specs: specs, owner: "loss") }
    #expect(unknown?.exitCode == 64 && unknown?.description.contains("'margin'") == true)
    #expect(throws: IeumError.self) { try Parameters(["k": .double(0.5)], specs: specs, owner: "loss") }
  }
}
