import Basics
import Foundation
import Testing

/// Damaged media: the run completes and every item is accounted for. `scripts/soak.py` does the same at size.
@Suite struct SoakTests {
  @Test func damagedPicturesAreRecordedAndTheRestEncoded() throws {
    let mini = try Miniature()
    defer { mini.remove() }
    let damage: [(item: Int, content: String)] = [
      (3, String(Miniature.picture(3).prefix(60))), (8, ""), (17, "%PDF-1.7\n"), (20, "\u{0}\u{1}\u{2}"),
      (35, Miniature.picture(35).replacingOccurrences(of: "<", with: "&")),
    ]
    for (item, content) in damage { try mini.write(content, "images/\(item).svg") }

    let arguments = [
      "features", "extract", "--dataset", "manifest", "--root", mini.folder + "/items.csv", "--encoder", "resnet18",
    ]
    let cache = mini.folder + "/cache"
    let made = try Program.run(arguments, cache: cache)
    #expect(made.status == 0, "\(made.errors)")
    #expect(made.errors.contains("5 item(s) could not be encoded"), "\(made.errors)")
    let path = made.output.trimmingCharacters(in: .whitespacesAndNewlines)
    let shown = try Program.run(["features", "show", path, "--json"]).json
    let errors = try #require(shown["errors"] as? [[String: String]])
    #expect(shown["items"] as? Int == Miniature.count - damage.count)
    #expect(Set(errors.map { $0["id"] ?? "" }) == Set(damage.map { "i\($0.item)" }) && errors.count == damage.count)
    #expect(errors.allSatisfy { $0["message"]?.isEmpty == false })
    #expect(try Program.run(arguments, cache: cache).output == made.output)
  }

  /// An item keeps the images that can be read; what it lacks is recorded beside it, and counted in results.
  @Test func itemsEncodedInPartAreTold() throws {
    let mini = try Miniature()
    defer { mini.remove() }
    try mini.write("", "images/broken.svg")
    let table = try String(contentsOfFile: mini.folder + "/items.csv", encoding: .utf8)
      .replacing("images/3.svg", with: "images/3.svg;images/broken.svg").replacing("images/8.svg", with: "images/broken.svg")
    try mini.write(table, "items.csv")
    let run = try mini.run("--only", "VSE", name: "p")
    #expect(run.status == 0, "\(run.errors)")
    let id = try #require(try mini.metrics("p").keys.first)
    let data = try Data(contentsOf: URL(fileURLWithPath: "\(mini.folder)/results-p/mini/cells/\(id)/result.json"))
    let result = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    #expect(result["skippedItems"] as? Int == 1 && result["partialItems"] as? Int == 1)

    let features = mini.folder + "/cache-p/features"
    let name = try #require(try FileManager.default.contentsOfDirectory(atPath: features).first { $0.hasSuffix(".h5") })
    let shown = try Program.run(["features", "show", "\(features)/\(name)", "--json"]).json
    let (partial, errors) = (shown["partial"] as? [[String: String]] ?? [], shown["errors"] as? [[String: String]] ?? [])
    #expect(partial.map { $0["id"] } == ["i3"] && errors.map { $0["id"] } == ["i8"])
    #expect(partial.first?["message"]?.hasPrefix("1 of 2 images left out: ") == true)
    #expect(shown["items"] as? Int == Miniature.count - 1)
  }
}
