// Vectors of any width and one copy of each kernel per instruction set, chosen when the program runs.
//
// Kernels are always-inline bodies over pointers and references: a vector passed by value would change its calling
// convention with the instruction set.
#pragma once
#include <cstdint>
#include <cstring>
#include <utility>

#define CT_INLINE inline __attribute__((always_inline))

namespace ct {

enum class Isa { baseline, avx2, avx512 };

/// The best this CPU has, or less where ATEN_CPU_CAPABILITY (default, avx2, avx512) says so.
Isa isa();

/// `Bytes` bytes of T, loaded and stored at any address that suits a T.
template <class T, int Bytes>
struct Simd {
  typedef T Vector __attribute__((vector_size(Bytes)));
  typedef T Loose __attribute__((vector_size(Bytes), aligned(sizeof(T)), may_alias));
  static constexpr int lanes = Bytes / sizeof(T);

  static CT_INLINE void load(Vector &v, const T *from) { v = *reinterpret_cast<const Loose *>(from); }
  static CT_INLINE void store(T *to, const Vector &v) { *reinterpret_cast<Loose *>(to) = v; }
  /// The first `count` lanes only.
  static CT_INLINE void store(T *to, const Vector &v, int64_t count) {
    if (count >= lanes) return store(to, v);
    std::memcpy(to, &v, count * sizeof(T));
  }

  /// Rows become columns: `square` holds `lanes` vectors. Blocks of growing size swap across the diagonal.
  static CT_INLINE void transpose(Vector *square) { step<1>(square); }

 private:
  template <int Step>
  static CT_INLINE void step(Vector *square) {
    if constexpr (Step < lanes) {
      for (int i = 0; i < lanes; i++)
        if (!(i & Step)) swap<Step>(square[i], square[i + Step], std::make_integer_sequence<int, lanes>());
      step<2 * Step>(square);
    }
  }
  template <int Step, int... J>
  static CT_INLINE void swap(Vector &a, Vector &b, std::integer_sequence<int, J...>) {
    Vector first = __builtin_shufflevector(a, b, ((J & Step) ? lanes + J - Step : J)...);
    b = __builtin_shufflevector(a, b, ((J & Step) ? lanes + J : J + Step)...);
    a = first;
  }
};

/// eˣ to about one unit in the last place, for x clamped to -87.3...88.3; what is no number stays none. 2ⁿ times a
/// polynomial in the remainder (Cephes), for vectors of floats.
template <class V>
CT_INLINE void exponential(V &x) {
  typedef int32_t Ints __attribute__((vector_size(sizeof(V))));
  x = x < -87.3f ? V{} - 87.3f : x;
  x = x > 88.3f ? V{} + 88.3f : x;
  // Rounded to a whole number by the weight of the last bit.
  const V n = (x * 1.44269504f + 12582912.0f) - 12582912.0f;
  const V r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  V p = V{} + 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * (r * r) + (r + 1.0f);
  const Ints exponent = (__builtin_convertvector(n, Ints) + 127) << 23;
  V power;
  std::memcpy(&power, &exponent, sizeof(V));
  x = p * power;
}

/// The bits of the nearest bfloat16, ties to even; what is no number stays none.
CT_INLINE uint16_t bfloat16_bits(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  const uint32_t nearest = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  return static_cast<uint16_t>(value == value ? nearest : 0x7fc0);
}

}  // namespace ct

/// Defines `template <class T> void name PARAMETERS`, which runs `body<T, bytes of a vector> ARGUMENTS` compiled for
/// the CPU at hand.
#define CT_PER_ISA(name, body, PARAMETERS, ARGUMENTS)                                                       \
  template <class T>                                                                                        \
  __attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,avx2,fma"))) void name##_avx512 PARAMETERS {    \
    body<T, 64> ARGUMENTS;                                                                                  \
  }                                                                                                         \
  template <class T>                                                                                        \
  __attribute__((target("avx2,fma"))) void name##_avx2 PARAMETERS {                                         \
    body<T, 32> ARGUMENTS;                                                                                  \
  }                                                                                                         \
  template <class T>                                                                                        \
  void name##_baseline PARAMETERS {                                                                         \
    body<T, 16> ARGUMENTS;                                                                                  \
  }                                                                                                         \
  template <class T>                                                                                        \
  void name PARAMETERS {                                                                                    \
    switch (ct::isa()) {                                                                                    \
      case ct::Isa::avx512: return name##_avx512<T> ARGUMENTS;                                              \
      case ct::Isa::avx2: return name##_avx2<T> ARGUMENTS;                                                  \
      case ct::Isa::baseline: return name##_baseline<T> ARGUMENTS;                                          \
    }                                                                                                       \
  }
