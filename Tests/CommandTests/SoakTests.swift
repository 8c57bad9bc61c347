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
}
