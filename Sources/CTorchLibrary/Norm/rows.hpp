// What batch normalisation does to a run of places, each of them all its channels side by side.
#pragma once
#include "../simd.hpp"

#include <c10/util/BFloat16.h>

namespace ct {

CT_INLINE float wide(const float *from) { return *from; }
CT_INLINE float wide(const c10::BFloat16 *from) {
  uint32_t bits = static_cast<uint32_t>(from->x) << 16;
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}
CT_INLINE void narrow(float value, float *to) { *to = value; }
CT_INLINE void narrow(float value, c10::BFloat16 *to) { to->x = bfloat16_bits(value); }

/// How values become results: the normalisation as one scale and shift per channel, then a residual, then bounds.
struct Normalised {
  const float *scale, *shift;
  float low, high;

  CT_INLINE float operator()(float x, int64_t c) const { return x * scale[c] + shift[c]; }
  CT_INLINE float bounded(float z) const { return z < low ? low : z > high ? high : z; }
  /// The gradient that passes the bounds; `z` is a value before them, or after.
  CT_INLINE float passed(float slope, float z) const { return z <= low || z >= high ? 0.0f : slope; }
};

/// `sums[c] += Σ (x - centre)`, or of the squares.
template <class T, bool squares, int Rows>
CT_INLINE void add_rows(const T *__restrict x, int64_t channels, const float *__restrict centre, float *__restrict sums) {
  for (int64_t c = 0; c < channels; c++) {
    float sum = 0;
    for (int r = 0; r < Rows; r++) {
      float d = wide(x + r * channels + c) - (squares ? centre[c] : 0.0f);
      sum += squares ? d * d : d;
    }
    sums[c] += sum;
  }
}

/// Mean, and sum of squares around it, of each channel in these rows.
template <class T, int>
CT_INLINE void moments_body(const T *x, int64_t rows, int64_t channels, float *mean, float *squares) {
  for (int64_t c = 0; c < channels; c++) mean[c] = squares[c] = 0;
  int64_t r = 0;
  for (; r + 4 <= rows; r += 4) add_rows<T, false, 4>(x + r * channels, channels, mean, squares);
  for (; r < rows; r++) add_rows<T, false, 1>(x + r * channels, channels, mean, squares);
  for (int64_t c = 0; c < channels; c++) mean[c] = squares[c] / rows, squares[c] = 0;
  // They are near by now: the second look costs little and nothing cancels.
  for (r = 0; r + 4 <= rows; r += 4) add_rows<T, true, 4>(x + r * channels, channels, mean, squares);
  for (; r < rows; r++) add_rows<T, true, 1>(x + r * channels, channels, mean, squares);
}
CT_PER_ISA(moments, moments_body, (const T *x, int64_t rows, int64_t channels, float *mean, float *squares),
           (x, rows, channels, mean, squares))

template <class T, bool adds>
CT_INLINE void apply_row(const T *__restrict x, const T *__restrict residual, int64_t channels, const Normalised &n,
                         T *__restrict y) {
  for (int64_t c = 0; c < channels; c++) {
    float z = n(wide(x + c), c);
    if constexpr (adds) z += wide(residual + c);
    narrow(n.bounded(z), y + c);
  }
}

template <class T, int>
CT_INLINE void apply_body(const T *x, const T *residual, int64_t rows, int64_t channels, const Normalised &n, T *y) {
  for (int64_t at = 0; at < rows * channels; at += channels) {
    if (residual) apply_row<T, true>(x + at, residual + at, channels, n, y + at);
    else apply_row<T, false>(x + at, nullptr, channels, n, y + at);
  }
}
CT_PER_ISA(apply, apply_body, (const T *x, const T *residual, int64_t rows, int64_t channels, const Normalised &n, T *y),
           (x, residual, rows, channels, n, y))

/// Where gradients come from: `y` holds the results where a residual was added, nothing where x tells them.
template <class T>
struct Slopes {
  const T *dy, *x, *y;
  Normalised forward;
  const float *mean;
  bool bounds;
};

template <class T, bool by_result, bool bounds>
CT_INLINE float slope(const T *dy, const T *x, const T *y, const Normalised &n, int64_t c) {
  float g = wide(dy + c);
  if constexpr (!bounds) return g;
  return n.passed(g, by_result ? wide(y + c) : n(wide(x + c), c));
}

template <class T, bool by_result, bool bounds>
CT_INLINE void sum_slopes_row(const T *__restrict dy, const T *__restrict x, const T *__restrict y, const Normalised &n,
                              const float *__restrict mean, int64_t channels, float *__restrict plain,
                              float *__restrict products) {
  for (int64_t c = 0; c < channels; c++) {
    float g = slope<T, by_result, bounds>(dy, x, y, n, c);
    plain[c] += g;
    products[c] += g * (wide(x + c) - mean[c]);
  }
}

/// Σ g and Σ g (x - mean) of each channel, g being the gradient before the bounds.
template <class T, int>
CT_INLINE void sum_slopes_body(const Slopes<T> &s, int64_t rows, int64_t channels, float *plain, float *products) {
  for (int64_t c = 0; c < channels; c++) plain[c] = products[c] = 0;
  for (int64_t at = 0; at < rows * channels; at += channels) {
    if (!s.bounds)
      sum_slopes_row<T, false, false>(s.dy + at, s.x + at, nullptr, s.forward, s.mean, channels, plain, products);
    else if (s.y)
      sum_slopes_row<T, true, true>(s.dy + at, s.x + at, s.y + at, s.forward, s.mean, channels, plain, products);
    else
      sum_slopes_row<T, false, true>(s.dy + at, s.x + at, nullptr, s.forward, s.mean, channels, plain, products);
  }
}
CT_PER_ISA(sum_slopes, sum_slopes_body,
           (const Slopes<T> &s, int64_t rows, int64_t channels, float *plain, float *products),
           (s, rows, channels, plain, products))

/// dx = gain · g + tilt · (x - mean) + level for each channel; g itself is the residual's gradient.
struct Tilt {
  const float *gain, *tilt, *level;
};

template <class T, bool by_result, bool bounds, bool keeps>
CT_INLINE void spread_row(const T *__restrict dy, const T *__restrict x, const T *__restrict y, const Normalised &n,
                          const float *__restrict mean, const Tilt &t, int64_t channels, T *__restrict dx,
                          T *__restrict dresidual) {
  for (int64_t c = 0; c < channels; c++) {
    float g = slope<T, by_result, bounds>(dy, x, y, n, c);
    if constexpr (keeps) narrow(g, dresidual + c);
    narrow(t.gain[c] * g + t.tilt[c] * (wide(x + c) - mean[c]) + t.level[c], dx + c);
  }
}

template <class T, int>
CT_INLINE void spread_body(const Slopes<T> &s, const Tilt &t, int64_t rows, int64_t channels, T *dx, T *dresidual) {
  for (int64_t at = 0; at < rows * channels; at += channels) {
    const T *dy = s.dy + at, *x = s.x + at;
    if (!s.bounds)
      spread_row<T, false, false, false>(dy, x, nullptr, s.forward, s.mean, t, channels, dx + at, nullptr);
    else if (s.y)
      spread_row<T, true, true, true>(dy, x, s.y + at, s.forward, s.mean, t, channels, dx + at, dresidual + at);
    else
      spread_row<T, false, true, false>(dy, x, nullptr, s.forward, s.mean, t, channels, dx + at, nullptr);
  }
}
CT_PER_ISA(spread, spread_body,
           (const Slopes<T> &s, const Tilt &t, int64_t rows, int64_t channels, T *dx, T *dresidual),
           (s, t, rows, channels, dx, dresidual))

}  // namespace ct
