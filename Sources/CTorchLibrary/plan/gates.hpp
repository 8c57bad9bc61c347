// Gates in pieces that fit into vector registers. An activation x * gate(x) whose gate(-x) is 1 - gate(x) is
// x / 2 + |x| * (gate(|x|) - 1/2).
#pragma once
#include <cmath>
#include <cstdint>
#include <cstring>

namespace ct {

// gate(a) - 1/2 for a >= 0 as 32 polynomials, each around a multiple of 1 / `Parts`; 1/2 from there on. `factors[i]`
// are those of the i-th power.
template <int Degree, int Parts>
struct GatePieces {
  static constexpr int degree = Degree, count = 32;
  static constexpr float width = 1.0f / Parts;
  // Added to a number, it rounds it to a multiple of the width.
  static constexpr float magic = 1.5f * 8388608.0f * width;
  // Whether the polynomials are in the distance from a piece's middle; a line's cancellation is harmless.
  static constexpr bool is_centred = Degree > 1;
  alignas(64) float factors[Degree + 1][count];
  // The bits of the last number that belongs to a piece.
  int32_t limit;

  explicit GatePieces(double (*above)(double)) {
    const float last = (count - 0.505f) * width;
    std::memcpy(&limit, &last, sizeof(limit));
    for (int piece = 0; piece < count; piece++) fit(piece, above);
  }

 private:
  // The polynomial through the Chebyshev points of a piece, by divided differences.
  void fit(int piece, double (*above)(double)) {
    double points[Degree + 1], parts[Degree + 1], powers[Degree + 1] = {};
    const double middle = piece * width, origin = is_centred ? 0 : middle;
    for (int i = 0; i <= Degree; i++) {
      points[i] = 0.5 * width * std::cos(M_PI * (i + 0.5) / (Degree + 1));
      parts[i] = above(middle + points[i]);
      points[i] += origin;
    }
    for (int order = 1; order <= Degree; order++)
      for (int i = Degree; i >= order; i--) parts[i] = (parts[i] - parts[i - 1]) / (points[i] - points[i - order]);
    for (int i = Degree; i >= 0; i--) {
      for (int k = Degree; k > 0; k--) powers[k] = powers[k - 1] - points[i] * powers[k];
      powers[0] = parts[i] - points[i] * powers[0];
    }
    for (int i = 0; i <= Degree; i++) factors[i][piece] = static_cast<float>(powers[i]);
    if (piece < count - 1) return;
    for (int i = 0; i <= Degree; i++) factors[i][piece] = i == 0 ? 0.5f : 0.0f;
  }
};

// The sigmoid's. Degree 1 errs by 4e-4 (0.4 % of the sigmoid of negative numbers, as much as a rounding to bf16),
// degree 3 by 3e-6.
template <int Degree>
using SigmoidPieces = GatePieces<Degree, Degree == 1 ? 4 : 2>;
template <int Degree>
inline const SigmoidPieces<Degree> sigmoid_pieces([](double a) { return 0.5 * std::tanh(0.5 * a); });

// Those of GELU: by the normal distribution, its approximation by tanh, and sigmoid(1.702 x). They err by 2e-6.
using GeluPieces = GatePieces<3, 4>;
inline const GeluPieces gelu_exact([](double a) { return 0.5 * std::erf(a * M_SQRT1_2); });
inline const GeluPieces gelu_by_tanh([](double a) {
  return 0.5 * std::tanh(std::sqrt(M_2_PI) * (a + 0.044715 * a * a * a));
});
inline const GeluPieces gelu_quick([](double a) { return 0.5 * std::tanh(0.851 * a); });

}  // namespace ct
