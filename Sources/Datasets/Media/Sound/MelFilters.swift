import Basics
import Foundation

/// Triangular filters on the mel scale, as torchaudio's `melscale_fbanks` makes them.
///
/// In single precision throughout: where a filter catches one bin only, and that near its foot, the rounding
/// of its corners decides the value, and this one has to be torchaudio's.
struct MelFilters {
  struct Filter {
    let firstBin: Int
    let weights: [Float]
  }

  let filters: [Filter]

  init(_ settings: MelSettings) {
    let bins = settings.nFFT / 2 + 1
    let isSlaney = settings.melScale == "slaney"
    func mel(_ hertz: Double) -> Double {
      guard isSlaney else { return 2595 * log10(1 + hertz / 700) }
      return hertz < 1000 ? hertz / (200.0 / 3) : 15 + log(hertz / 1000) / (log(6.4) / 27)
    }
    func hertz(_ mel: Float) -> Float {
      guard isSlaney else { return 700 * (pow(10, mel / 2595) - 1) }
      let slope = Float(200.0 / 3)
      return mel >= 15 ? 1000 * exp(Float(log(6.4) / 27) * (mel - 15)) : slope * mel
    }
    let frequencies = MelFilters.spread(0, Float(settings.sampleRate / 2), bins)
    let corners = MelFilters.spread(Float(mel(settings.fMin)), Float(mel(settings.fMax)), settings.nMels + 2)
      .map(hertz)
    filters = (0..<settings.nMels).map { index in
      let (low, middle, high) = (corners[index], corners[index + 1], corners[index + 2])
      let scale = settings.norm == "slaney" ? 2 / (high - low) : 1
      let weights = frequencies.map { frequency in
        max(0, min((frequency - low) / (middle - low), (high - frequency) / (high - middle))) * scale
      }
      let first = weights.firstIndex { $0 > 0 } ?? 0
      let last = weights.lastIndex { $0 > 0 } ?? -1
      return Filter(firstBin: first, weights: first <= last ? Array(weights[first...last]) : [])
    }
  }

  /// `torch.linspace` in single precision: counted from both ends.
  private static func spread(_ start: Float, _ end: Float, _ count: Int) -> [Float] {
    let step = (end - start) / Float(count - 1)
    return (0..<count).map { $0 < count / 2 ? start + step * Float($0) : end - step * Float(count - 1 - $0) }
  }

  /// The filters' outputs for one power spectrum.
  func apply(_ spectrum: [Double]) -> [Double] {
    filters.map { filter in
      var sum = 0.0
      for (offset, weight) in filter.weights.enumerated() {
        sum += spectrum[filter.firstBin + offset] * Double(weight)
      }
      return sum
    }
  }
}
