/// Words that say nothing of a picture or a sound: articles, prepositions, pronouns, auxiliaries.
/// - Source: half2020 removes stop words without giving its list. Choice: the function words below; for Korean those that
///   are left once particles are stripped (``KoreanParticles``).
public enum StopWords {
  /// The words that are no stop words, in order. Words are lower-case, as ``WordTokenizer`` gives them; a sentence of stop
  /// words alone stays whole.
  public static func removed(from words: [String], language: String = "en") -> [String] {
    let list = WordTokenizer.isKorean(language) ? korean : english
    let kept = words.filter { !list.contains($0) }
    return kept.isEmpty ? words : kept
  }

  static let english: Set<String> = split(
    """
    a an the and or but nor if then than as at by for from in into of off on onto out over per to toward towards under up
    upon via with within without about above across after against along among around before behind below beneath beside
    between beyond down during inside near outside since through throughout until while
    i me my mine myself we us our ours ourselves you your yours yourself yourselves he him his himself she her hers herself
    it its itself they them their theirs themselves this that these those who whom whose which what where when why how
    am is are was were be been being do does did doing done has have had having can could may might must shall should will
    would ought
    not no so too very just only also both each either neither every all any some such own same other another more most
    much many few less least there here again once ever
    s t d m ll re ve don doesn didn isn aren wasn weren won wouldn shouldn couldn hasn haven hadn
    """)

  static let korean: Set<String> = split(
    """
    그 이 저 그것 이것 저것 것 거 수 등 및 또 또는 그리고 그러나 하지만 그래서 때 중 더 좀 잘 매우 아주 너무 위 안 속 밖 앞 뒤 옆
    나 너 우리 저희 그들 누구 무엇 어디 언제 왜 어떻게 있는 있다 하는 하다 한다 된 되는 되다 인 이다 같은 위해 대한
    """)

  private static func split(_ text: String) -> Set<String> { Set(text.split { $0.isWhitespace }.map(String.init)) }
}
