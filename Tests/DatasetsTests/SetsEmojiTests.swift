import Basics
import Datasets
import Foundation
import Testing

@Suite struct SetsEmojiTests {
  private static let font = "fonts/truetype/noto/NotoColorEmoji.ttf"
  let scratch: StoreScratch
  let emoji: any DatasetSpec

  init() throws {
    scratch = try StoreScratch()
    emoji = try DatasetRegistry.named("emoji")
  }

  private func names(_ language: String, _ lines: [String]) throws {
    let text = "<ldml>\n<annotations>\n\(lines.joined(separator: "\n"))\n</annotations>\n</ldml>"
    try scratch.write(text, "unicode/cldr/common/annotations/\(language).xml")
  }

  private func load(_ language: String = "en") throws -> Dataset {
    var options = DatasetOptions(root: scratch.path, language: language)
    options.cache = scratch.file("cache")
    options.seed = 7
    return try emoji.load(options)
  }

  /// Three code points from U+1F400 on; the pictures are those that are not nil.
  private func standard(_ pictures: [String?] = ["rat", "mouse", nil]) throws {
    try scratch.write(MadeEmojiFont(first: 0x1F400, pictures: pictures).data, Self.font)
    try names(
      "en",
      [
        #"<annotation cp="🐀">animal | rat &amp; co</annotation>"#, #"<annotation cp="🐀" type="tts">rat</annotation>"#,
        #"<annotation cp="🐁">mouse</annotation>"#, #"<annotation cp="🐁" type="tts">mouse</annotation>"#,
        #"<annotation cp="🐂" type="tts">ox</annotation>"#, #"<annotation cp="🇰🇷" type="tts">flag</annotation>"#,
      ])
    try names(
      "ko",
      [
        #"<annotation cp="🐀" type="tts">쥐</annotation>"#, #"<annotation cp="🐀">동물 | 쥐</annotation>"#,
        #"<annotation cp="🐁" type="tts">생쥐</annotation>"#, #"<annotation cp="🐂" type="tts">소</annotation>"#,
        #"<annotation cp="🇰🇷" type="tts">국기</annotation>"#,
      ])
  }

  @Test func namesKeywordsAndPicturesAreJoinedByCharacter() throws {
    try standard()
    let set = try load()
    let items = Dictionary(uniqueKeysWithValues: set.allItems.map { ($0.id, $0) })
    #expect(items.keys.sorted() == ["1f400", "1f401"])
    #expect(items["1f400"]?.captions == ["en": ["rat", "animal, rat & co"], "ko": ["쥐", "동물, 쥐"]])
    // Keywords that only say the name again are no second caption.
    #expect(items["1f401"]?.captions == ["en": ["mouse"], "ko": ["생쥐"]])
    let picture = try #require(items["1f401"]?.imagePaths.first)
    #expect(FileManager.default.contents(atPath: picture) == Data("mouse".utf8))
    let reasons = Dictionary(uniqueKeysWithValues: set.skipped.map { ($0.id, $0.reason) })
    #expect(reasons == ["1f402": "the font has no picture of it", "1f1f0-1f1f7": "a sequence of code points"])
  }

  @Test func theDigestFollowsTheFont() throws {
    try standard()
    let digest = try load().digest
    #expect(try load().digest == digest)
    try standard(["rat", "mousy", nil])
    #expect(try load().digest != digest)
  }

  @Test func languagesThatAreNotThereAreToldWithTheWayOut() throws {
    try standard()
    let error = refusal { try load("xx") }
    #expect(error?.file?.hasSuffix("annotations/xx.xml") == true && error?.remedy?.contains("unicode-cldr-core") == true)
    try names("en", [])
    #expect(refusal { try load() }?.problem == "holds no names")
    try scratch.write(Data([0x3C, 0xFF, 0xFE]), "unicode/cldr/common/annotations/en.xml")
    #expect(refusal { try load() }?.problem == "is not UTF-8")
  }

  @Test func everyCutOfTheFontIsRefusedOrLosesPictures() throws {
    try standard()
    let whole = MadeEmojiFont(first: 0x1F400, pictures: ["rat", "mouse", nil]).data
    for length in 0..<whole.count {
      try scratch.write(whole.prefix(length), Self.font)
      #expect(refusal { try load() }?.kind == .data, "\(length) of \(whole.count) bytes")
    }
  }

  @Test func endlessGroupsOfCodePointsAreRefused() throws {
    try standard()
    var font = MadeEmojiFont(first: 0x1F400, pictures: ["rat"])
    font.last = 0xFFFF_FFFF
    try scratch.write(font.data, Self.font)
    #expect(refusal { try load() }?.problem.contains("cannot be") == true)
  }

  @Test(.enabled(if: FileManager.default.fileExists(atPath: "/usr/share/unicode/cldr/common/annotations/ko.xml")))
  func thePackagesAgreeWithTheCard() throws {
    let report = emoji.check()
    #expect(report.ready && report.found.contains("agrees with the committed card"), "\(report.missing)")
  }
}

/// A font with nothing but pictures: tables cmap (format 12), CBLC (index format 1) and CBDT (image format 17).
private struct MadeEmojiFont {
  let first: Int
  let pictures: [String?]
  var last: Int

  init(first: Int, pictures: [String?]) {
    (self.first, self.pictures, last) = (first, pictures, first + pictures.count - 1)
  }

  var data: Data {
    let map = u16(0, 1) + u16(3, 10) + u32(12) + u16(12, 0) + u32(28, 0, 1) + u32(first, last, 1)
    var images = u16(3, 0)
    var offsets = [images.count]
    for picture in pictures {
      if let picture { images += [0, 0, 0, 0, 0] + u32(picture.utf8.count) + Array(picture.utf8) }
      offsets.append(images.count)
    }
    let size = u32(56, 0, 1, 0) + [UInt8](repeating: 0, count: 24) + u16(1, pictures.count) + [109, 109, 32, 1]
    let subtable = u16(1, pictures.count) + u32(8) + u16(1, 17) + u32(0) + offsets.flatMap { u32($0) }
    let index = u16(3, 0) + u32(1) + size + subtable
    var (records, body): ([UInt8], [UInt8]) = ([], [])
    // The pictures last, so that whatever is cut off is missed.
    for (tag, table) in [("CBLC", index), ("cmap", map), ("CBDT", images)] {
      records += Array(tag.utf8) + u32(0, 12 + 3 * 16 + body.count, table.count)
      body += table
    }
    return Data(u32(0x10000) + u16(3, 0, 0, 0) + records + body)
  }

  private func u16(_ values: Int...) -> [UInt8] { values.flatMap { [UInt8($0 >> 8 & 255), UInt8($0 & 255)] } }
  private func u32(_ values: Int...) -> [UInt8] {
    values.flatMap { value in (0..<4).map { UInt8(value >> (24 - 8 * $0) & 255) } }
  }
}
