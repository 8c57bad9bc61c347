/// The `info` of an annotation file as far as it matters, the year: an object, a list of them, or a text, as copies of
/// MSR-VTT have it.
struct AnnotationInfo: Decodable {
  /// Four digits; nil where the file tells none.
  let year: String?

  private enum Key: String, CodingKey { case year }

  init(from decoder: Decoder) {
    if let box = try? decoder.container(keyedBy: Key.self) {
      let number = (try? box.decode(Int.self, forKey: .year)).map(String.init)
      year = number ?? (try? box.decode(String.self, forKey: .year)).flatMap(Self.year)
    } else if let list = try? decoder.singleValueContainer().decode([AnnotationInfo].self) {
      year = list.lazy.compactMap(\.year).first
    } else {
      year = (try? decoder.singleValueContainer().decode(String.self)).flatMap(Self.year)
    }
  }

  /// The first four digits in a row that are a year of this century.
  private static func year(in text: String) -> String? {
    text.split { !($0.isASCII && $0.isNumber) }.map(String.init).first { $0.count == 4 && $0.hasPrefix("20") }
  }
}
