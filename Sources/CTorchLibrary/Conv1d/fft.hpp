// A complex Fourier transform over the rows of a block, every lane one sequence.
#pragma once
#include "../simd.hpp"

#include <cmath>
#include <vector>

namespace ct {

/// Sizes 2^a · 3^b · 5^c: the radices in order and, for each pass, the twiddle factors.
template <class T>
struct FourierPlan {
  int64_t size;
  std::vector<int> radices;
  std::vector<T> twiddles;  // per pass and p: (radix − 1) pairs cos, −sin

  explicit FourierPlan(int64_t size) : size(size) {
    const double circle = 2 * std::acos(-1.0);
    for (int64_t n = size; n > 1;) {
      int radix = n % 4 == 0 ? 4 : n % 2 == 0 ? 2 : n % 3 == 0 ? 3 : 5;
      radices.push_back(radix);
      for (int64_t p = 0; p < n / radix; p++)
        for (int r = 1; r < radix; r++) {
          double angle = circle * double(p * r % n) / double(n);
          twiddles.push_back(T(std::cos(angle)));
          twiddles.push_back(T(-std::sin(angle)));
        }
      n /= radix;
    }
  }

  static bool fits(int64_t n) {
    for (int64_t factor : {2, 3, 5})
      while (n % factor == 0) n /= factor;
    return n == 1;
  }
};

/// Σ over the rows of one radix, unscaled by twiddles: `r`, `i` hold Radix values and receive the results.
template <int Radix, class T, class V>
CT_INLINE void butterfly(V *r, V *i) {
  if constexpr (Radix == 2) {
    V ar = r[0], ai = i[0];
    r[0] = ar + r[1], i[0] = ai + i[1];
    r[1] = ar - r[1], i[1] = ai - i[1];
  } else if constexpr (Radix == 4) {
    V er = r[0] + r[2], ei = i[0] + i[2], fr = r[0] - r[2], fi = i[0] - i[2];
    V gr = r[1] + r[3], gi = i[1] + i[3], hr = r[1] - r[3], hi = i[1] - i[3];
    r[0] = er + gr, i[0] = ei + gi;
    r[1] = fr + hi, i[1] = fi - hr;
    r[2] = er - gr, i[2] = ei - gi;
    r[3] = fr - hi, i[3] = fi + hr;
  } else if constexpr (Radix == 3) {
    const T sine = T(0.86602540378443864676);
    V tr = r[1] + r[2], ti = i[1] + i[2], vr = (r[1] - r[2]) * sine, vi = (i[1] - i[2]) * sine;
    V ur = r[0] - tr * T(0.5), ui = i[0] - ti * T(0.5);
    r[0] += tr, i[0] += ti;
    r[1] = ur + vi, i[1] = ui - vr;
    r[2] = ur - vi, i[2] = ui + vr;
  } else {
    const T c1 = T(0.30901699437494742410), c2 = T(-0.80901699437494742410);
    const T s1 = T(0.95105651629515357212), s2 = T(0.58778525229247312917);
    V ar = r[1] + r[4], ai = i[1] + i[4], br = r[2] + r[3], bi = i[2] + i[3];
    V cr = r[1] - r[4], ci = i[1] - i[4], dr = r[2] - r[3], di = i[2] - i[3];
    V er = r[0] + ar * c1 + br * c2, ei = i[0] + ai * c1 + bi * c2;
    V fr = r[0] + ar * c2 + br * c1, fi = i[0] + ai * c2 + bi * c1;
    V gr = cr * s1 + dr * s2, gi = ci * s1 + di * s2, hr = cr * s2 - dr * s1, hi = ci * s2 - di * s1;
    r[0] += ar + br, i[0] += ai + bi;
    r[1] = er + gi, i[1] = ei - gr;
    r[4] = er - gi, i[4] = ei + gr;
    r[2] = fr + hi, i[2] = fi - hr;
    r[3] = fr - hi, i[3] = fi + hr;
  }
}

/// One pass from `x` to `y`, both [size] vectors as real and imaginary parts.
template <int Radix, class T, class V>
CT_INLINE void fourier_pass(const V *xr, const V *xi, V *yr, V *yi, int64_t groups, int64_t stride, const T *twiddles) {
  for (int64_t p = 0; p < groups; p++, twiddles += 2 * (Radix - 1))
    for (int64_t q = 0; q < stride; q++) {
      V r[Radix], i[Radix];
      for (int k = 0; k < Radix; k++) r[k] = xr[q + stride * (p + k * groups)], i[k] = xi[q + stride * (p + k * groups)];
      butterfly<Radix, T>(r, i);
      int64_t to = q + stride * Radix * p;
      yr[to] = r[0], yi[to] = i[0];
      for (int k = 1; k < Radix; k++) {
        T c = twiddles[2 * k - 2], s = twiddles[2 * k - 1];
        yr[to + stride * k] = r[k] * c - i[k] * s;
        yi[to + stride * k] = r[k] * s + i[k] * c;
      }
    }
}

/// Forward transform e^(−2πi·fk/F), in place or into the other buffer: the pointers are left at the result.
/// With real and imaginary parts exchanged it is the inverse one, unscaled.
/// - Source: Stockham's autosort algorithm (Cochran et al. 1967).
template <class T, class V>
CT_INLINE void fourier(const FourierPlan<T> &plan, V *&xr, V *&xi, V *&yr, V *&yi) {
  const T *twiddles = plan.twiddles.data();
  int64_t n = plan.size, stride = 1;
  for (int radix : plan.radices) {
    int64_t groups = n / radix;
    if (radix == 4) fourier_pass<4, T>(xr, xi, yr, yi, groups, stride, twiddles);
    else if (radix == 2) fourier_pass<2, T>(xr, xi, yr, yi, groups, stride, twiddles);
    else if (radix == 3) fourier_pass<3, T>(xr, xi, yr, yi, groups, stride, twiddles);
    else fourier_pass<5, T>(xr, xi, yr, yi, groups, stride, twiddles);
    twiddles += 2 * (radix - 1) * groups;
    n = groups;
    stride *= radix;
    std::swap(xr, yr);
    std::swap(xi, yi);
  }
}

}  // namespace ct
