import Basics
import Testing

@Suite struct FileNameTests {
  @Test func suffixesAndStems() {
    let cases = [
      ("clip.mp4", "clip", "mp4"), ("a.b/clip", "a.b/clip", ""), ("a/clip.final.MP4", "a/clip.final", "mp4"),
      (".hidden", ".hidden", ""), ("a/.hidden", "a/.hidden", ""), ("clip.", "clip", ""), ("", "", ""), ("a.b/", "a.b/", ""),
      ("클립.웹", "클립", "웹"),
    ]
    for (path, stem, suffix) in cases {
      #expect(FileName.stem(path) == stem && FileName.suffix(path) == suffix, "\(path)")
    }
  }

  /// Found by fuzzing: Foundation's `deletingPathExtension` never returned.
  @Test func zeroBytesEndToo() {
    let path = "a///////////M=\0\0\0\0*\0////"
    #expect(FileName.stem(path) == path && FileName.suffix(path) == "")
    #expect(FileName.stem("a.\0b/c\0.mp4") == "a.\0b/c\0")
  }
}
