import Datasets
import Foundation
import Testing

@Suite struct TextWordTests {
  @Test func englishWordsAreRunsOfLettersAndDigits() {
    #expect(WordTokenizer.words("A red-haired Woman, 2 cats & a CAFE\u{301}!") == ["a", "red", "haired", "woman", "2", "cats", "a", "caf\u{e9}"])
    #expect(WordTokenizer.words(" \n…!😀") == [])
  }

  @Test func koreanWordsLoseTheirParticle() {
    #expect(WordTokenizer.words("나는 건강을 위해 매주 운동을 한다", language: "ko") == ["나", "건강", "위해", "매주", "운동", "한다"])
    #expect(WordTokenizer.words("바다에서 학교로, 친구들과!", language: "ko-KR") == ["바다", "학교", "친구들"])
    // The same text, decomposed.
    let decomposed = "건강을".decomposedStringWithCanonicalMapping
    #expect(WordTokenizer.words(decomposed, language: "ko") == ["건강"])
  }

  @Test(arguments: ["아이", "지도", "사과", "마을", "가을", "노을", "포도", "나이", "도", "를"])
  func shortNounsStayWhole(word: String) {
    #expect(KoreanParticles.stripped(word) == word)
  }

  @Test func idsFollowFrequencyThenText() {
    let texts = ["dog cat cat", "bird dog cat", "ant"]
    let vocabulary = Vocabulary.build(texts: texts)
    #expect(vocabulary.words == ["cat", "dog", "ant", "bird"])
    #expect(vocabulary.size == 6)
    #expect(vocabulary.ids("Dog, zebra cat", length: 5) == [3, 1, 2, 0, 0])
    #expect(vocabulary.ids("cat cat cat dog", length: 2) == [2, 2])
    #expect(vocabulary.ids("", length: 3) == [0, 0, 0])
    #expect(vocabulary.ids("").count == 20)
    #expect(Vocabulary.build(texts: texts, minimumCount: 2).words == ["cat", "dog"])
    #expect(Vocabulary.build(texts: texts, maximumSize: 3).words == ["cat", "dog", "ant"])
    #expect(Vocabulary.build(texts: texts.reversed()).digest == vocabulary.digest)
  }

  @Test func aVocabularySurvivesJSON() throws {
    let vocabulary = Vocabulary.build(texts: ["건강을 위해 운동"], language: "ko")
    let copy = try JSONDecoder().decode(Vocabulary.self, from: JSONEncoder().encode(vocabulary))
    #expect(copy == vocabulary)
    #expect(copy.ids("운동은", length: 1) == vocabulary.ids("운동", length: 1))
    let doubled = Data(#"{"words": ["a", "a"], "language": "en"}"#.utf8)
    #expect(throws: (any Error).self) { try JSONDecoder().decode(Vocabulary.self, from: doubled) }
  }
}
