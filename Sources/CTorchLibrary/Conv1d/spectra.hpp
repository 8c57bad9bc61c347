// Spectra of many real sequences, stored frequency by frequency as the operands of real matrix products.
#pragma once
#include "fft.hpp"

#include <cstdlib>
#include <memory>
#include <new>

namespace ct {

/// Which three real matrices stand for a complex one. A product of one left with one right operand then takes three real
/// products instead of four: with a + ib on the left and c + id on the right,
/// re = (a + b)c − b(c + d), im = (a + b)c − a(c − d); for the conjugate of the right one d changes its sign.
/// - Source: Gauss's trick; Knuth, TAOCP 2, 4.6.4.
enum class Operand { left, right };

/// `[frequencies][3][rows][columns]`: left (a, b, a + b), right (c, c + d, c − d), product (P1, P2, P3) with
/// re = P1 − P2, im = P1 − P3.
template <class T>
struct Spectra {
  int64_t frequencies, rows, columns;
  std::unique_ptr<T, void (*)(void *)> data;

  Spectra(int64_t frequencies, int64_t rows, int64_t columns)
      : frequencies(frequencies), rows(rows), columns(columns), data(nullptr, std::free) {
    // Left uninitialised: the pages are first touched by the thread that fills them.
    size_t bytes = (frequencies * 3 * rows * columns * sizeof(T) + 63) / 64 * 64;
    data.reset(static_cast<T *>(std::aligned_alloc(64, std::max<size_t>(bytes, 64))));
    if (!data) throw std::bad_alloc();
  }
  T *plane(int64_t f, int part) const { return data.get() + (f * 3 + part) * rows * columns; }
};

/// Room for one block of sequences on the way through a transform.
template <class T>
struct FourierScratch {
  std::unique_ptr<T, void (*)(void *)> data{nullptr, std::free};
  int64_t size;
  explicit FourierScratch(int64_t size) : size(size) {
    data.reset(static_cast<T *>(std::aligned_alloc(64, 4 * size * 64)));
    if (!data) throw std::bad_alloc();
  }
  T *part(int i) const { return data.get() + i * size * (64 / sizeof(T)); }
};

/// One pair of segments of up to `lanes` rows each.
template <class T>
struct SegmentPair {
  const T *const *rows[2];  // `count` row pointers each; nullptr for an absent second one
  int64_t count;            // rows
  int64_t start, length;    // the segment is row[start ..< start + length], zero outside [0, row length)
  int64_t row_length;
};

/// Fills one half (real or imaginary) with the transposed segments, zeros where there is nothing.
template <class T, int Bytes>
CT_INLINE void gather(const T *const *rows, const SegmentPair<T> &s, int64_t size, typename Simd<T, Bytes>::Vector *to) {
  using S = Simd<T, Bytes>;
  using V = typename S::Vector;
  int64_t first = std::max<int64_t>(0, -s.start), last = std::min(s.length, s.row_length - s.start);
  if (!rows) last = first;
  for (int64_t i = 0; i < std::min(first, size); i++) to[i] = V{};
  int64_t i = first;
  for (; i + S::lanes <= last; i += S::lanes) {
    for (int64_t r = 0; r < S::lanes; r++)
      if (r < s.count) S::load(to[i + r], rows[r] + s.start + i);
      else to[i + r] = V{};
    S::transpose(to + i);
  }
  for (; i < last; i++) {
    to[i] = V{};
    T *lane = reinterpret_cast<T *>(to + i);
    for (int64_t r = 0; r < s.count; r++) lane[r] = rows[r][s.start + i];
  }
  for (i = std::max(i, first); i < size; i++) to[i] = V{};
}

/// Transforms a pair of segment blocks and writes their half spectra to rows `row` and `row + 1`, columns from `column`.
template <class T, int Bytes>
CT_INLINE void analyse_body(const FourierPlan<T> &plan, const SegmentPair<T> &s, Operand kind, const Spectra<T> &to,
                            int64_t row, int64_t second_row, int64_t column, const FourierScratch<T> &scratch) {
  using S = Simd<T, Bytes>;
  using V = typename S::Vector;
  V *xr = reinterpret_cast<V *>(scratch.part(0)), *xi = reinterpret_cast<V *>(scratch.part(1));
  V *yr = reinterpret_cast<V *>(scratch.part(2)), *yi = reinterpret_cast<V *>(scratch.part(3));
  int64_t size = plan.size;
  gather<T, Bytes>(s.rows[0], s, size, xr);
  gather<T, Bytes>(s.rows[1], s, size, xi);
  fourier<T>(plan, xr, xi, yr, yi);
  const T half = T(0.5);
  for (int64_t f = 0; f < to.frequencies; f++) {
    int64_t g = f == 0 ? 0 : size - f;
    V sr = (xr[f] + xr[g]) * half, si = (xi[f] - xi[g]) * half;
    V tr = (xi[f] + xi[g]) * half, ti = (xr[g] - xr[f]) * half;
    T *p0 = to.plane(f, 0) + column, *p1 = to.plane(f, 1) + column, *p2 = to.plane(f, 2) + column;
    int64_t first = row * to.columns, second = second_row * to.columns;
    bool left = kind == Operand::left;
    V sum = sr + si;
    S::store(p0 + first, sr, s.count);
    S::store(p1 + first, left ? si : sum, s.count);
    S::store(p2 + first, left ? sum : V(sr - si), s.count);
    if (!s.rows[1]) continue;
    sum = tr + ti;
    S::store(p0 + second, tr, s.count);
    S::store(p1 + second, left ? ti : sum, s.count);
    S::store(p2 + second, left ? sum : V(tr - ti), s.count);
  }
}

/// The sequences of two rows of a product, transformed back: `out[0]`, `out[1]` hold `count` rows of `length` values
/// each `pitch` apart, overwritten or added to.
template <class T, int Bytes>
CT_INLINE void synthesise_body(const FourierPlan<T> &plan, const Spectra<T> &from, int64_t row, int64_t second_row,
                               int64_t column, int64_t count, T *const *out, int64_t pitch, int64_t length, bool adds,
                               const FourierScratch<T> &scratch) {
  using S = Simd<T, Bytes>;
  using V = typename S::Vector;
  V *xr = reinterpret_cast<V *>(scratch.part(0)), *xi = reinterpret_cast<V *>(scratch.part(1));
  V *yr = reinterpret_cast<V *>(scratch.part(2)), *yi = reinterpret_cast<V *>(scratch.part(3));
  int64_t size = plan.size;
  const T scale = T(1) / T(size);
  bool pair = out[1] != nullptr;
  T edge[3 * S::lanes] = {};
  for (int64_t f = 0; f < from.frequencies; f++) {
    V p[2][3];
    for (int k = 0; k < 3; k++) {
      const T *plane = from.plane(f, k) + column;
      p[1][k] = V{};
      if (count >= S::lanes) {
        S::load(p[0][k], plane + row * from.columns);
        if (pair) S::load(p[1][k], plane + second_row * from.columns);
      } else {
        std::memcpy(edge, plane + row * from.columns, count * sizeof(T));
        S::load(p[0][k], edge);
        if (pair) {
          std::memcpy(edge, plane + second_row * from.columns, count * sizeof(T));
          S::load(p[1][k], edge);
        }
      }
    }
    V ar = (p[0][0] - p[0][1]) * scale, ai = (p[0][0] - p[0][2]) * scale;
    V br = (p[1][0] - p[1][1]) * scale, bi = (p[1][0] - p[1][2]) * scale;
    if (f == 0 || 2 * f == size) {  // real by symmetry
      xi[f] = ar, xr[f] = br;
      continue;
    }
    // a + ib at f and the conjugates' at −f, real and imaginary parts exchanged for the inverse transform.
    xi[f] = ar - bi, xr[f] = ai + br;
    xi[size - f] = ar + bi, xr[size - f] = br - ai;
  }
  fourier<T>(plan, xr, xi, yr, yi);
  V *halves[2] = {xi, xr};
  for (int h = 0; h < (pair ? 2 : 1); h++) {
    int64_t i = 0;
    for (; i + S::lanes <= length; i += S::lanes) {
      S::transpose(halves[h] + i);
      for (int64_t r = 0; r < std::min<int64_t>(count, S::lanes); r++) {
        T *to = out[h] + r * pitch + i;
        V old{};
        if (adds) S::load(old, to);
        S::store(to, V(halves[h][i + r] + old));
      }
    }
    for (; i < length; i++) {
      const T *lane = reinterpret_cast<const T *>(halves[h] + i);
      for (int64_t r = 0; r < count; r++) out[h][r * pitch + i] = lane[r] + (adds ? out[h][r * pitch + i] : T(0));
    }
  }
}

}  // namespace ct
