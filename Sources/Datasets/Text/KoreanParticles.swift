/// Removes the particle (josa) at the end of a Korean word, so that `건강을` and `건강` are one word.
///
/// A stand-in for the morphological analysis of the papers: one particle, the longest that fits, is taken off a word
/// in Hangul. It has to agree with the sound before it (을 follows a final consonant, 를 a vowel), and what remains
/// has to be long enough that short nouns such as 아이, 지도 or 사과 stay whole. Nouns of three or more syllables
/// that happen to end like a particle (고양이) do lose it; verbs are not brought to a base form.
public enum KoreanParticles {
  private enum Before { case any, consonant, vowel, vowelOrRieul, consonantNotRieul }

  private struct Particle {
    let syllables: [Unicode.Scalar]
    let before: Before
    /// Fewest syllables that have to remain.
    let stem: Int

    init(_ text: String, _ before: Before, stem: Int = 2) {
      syllables = Array(text.unicodeScalars)
      self.before = before
      self.stem = stem
    }
  }

  private static let particles: [Particle] = [
    Particle("으로부터", .consonantNotRieul, stem: 1), Particle("에게서", .any, stem: 1), Particle("에서는", .any, stem: 1),
    Particle("에서도", .any, stem: 1), Particle("으로", .consonantNotRieul, stem: 1), Particle("에서", .any, stem: 1),
    Particle("에게", .any, stem: 1), Particle("한테", .any, stem: 1), Particle("부터", .any), Particle("까지", .any, stem: 1),
    Particle("처럼", .any, stem: 1), Particle("보다", .any), Particle("에는", .any, stem: 1), Particle("에도", .any, stem: 1),
    Particle("이랑", .consonant), Particle("하고", .any), Particle("은", .consonant, stem: 1), Particle("는", .vowel, stem: 1),
    Particle("을", .consonant, stem: 1), Particle("를", .vowel, stem: 1), Particle("이", .consonant),
    Particle("가", .vowel), Particle("과", .consonant), Particle("와", .vowel), Particle("로", .vowelOrRieul),
    Particle("랑", .vowel), Particle("의", .any), Particle("에", .any), Particle("도", .any), Particle("만", .any),
  ]

  /// The word without its particle; the word itself when none fits.
  public static func stripped(_ word: String) -> String {
    let scalars = Array(word.unicodeScalars)
    guard scalars.count > 1, let last = scalars.last, isSyllable(last) else { return word }
    for particle in particles where fits(particle, scalars) {
      return String(String.UnicodeScalarView(scalars.dropLast(particle.syllables.count)))
    }
    return word
  }

  private static func isSyllable(_ scalar: Unicode.Scalar) -> Bool { (0xAC00...0xD7A3).contains(scalar.value) }

  private static func fits(_ particle: Particle, _ scalars: [Unicode.Scalar]) -> Bool {
    let stem = scalars.count - particle.syllables.count
    guard stem >= particle.stem, scalars[stem...].elementsEqual(particle.syllables), isSyllable(scalars[stem - 1])
    else { return false }
    // Syllables are numbered so that the final consonant varies fastest; 0 = none, 8 = rieul.
    let final = (scalars[stem - 1].value - 0xAC00) % 28
    switch particle.before {
    case .any: return true
    case .consonant: return final != 0
    case .vowel: return final == 0
    case .vowelOrRieul: return final == 0 || final == 8
    case .consonantNotRieul: return final != 0 && final != 8
    }
  }
}
