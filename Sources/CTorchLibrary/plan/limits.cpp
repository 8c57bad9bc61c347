// What this machine can do at most: the figures that measured rates are held against.
#include "../include/ctorch_plan.h"
#include "arena.hpp"
#include "onednn.hpp"
#include "../parallel.hpp"

#include <algorithm>
#include <chrono>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace {

typedef float Lanes __attribute__((vector_size(64)));
constexpr int accumulators = 24;
constexpr int64_t rounds = 4096;

// Independent chains, enough of them to hide the latency of a multiply-add.
#define FMA_BODY                                                            \
  Lanes sums[accumulators] = {};                                            \
  const Lanes factor = start - Lanes{}, term = factor * 0.5f;               \
  for (int64_t i = 0; i < rounds; i++)                                      \
    for (int k = 0; k < accumulators; k++) sums[k] = sums[k] * factor + term; \
  float total = 0;                                                          \
  for (int k = 0; k < accumulators; k++) total += sums[k][k % 16];          \
  return total;

#if defined(__x86_64__)
__attribute__((target("avx512f"))) float fma512(float start) { FMA_BODY }

__attribute__((target("avx2,fma"))) float fma256(float start) {
  typedef float Half __attribute__((vector_size(32)));
  Half sums[12] = {};
  const Half factor = start - Half{}, term = factor * 0.5f;
  for (int64_t i = 0; i < rounds * 4; i++)
    for (int k = 0; k < 12; k++) sums[k] = sums[k] * factor + term;
  float total = 0;
  for (int k = 0; k < 12; k++) total += sums[k][k % 8];
  return total;
}

__attribute__((target("avx512f,avx512bw,avx512vl,avx512bf16"))) float dot512(float start) {
  __m512 sums[accumulators];
  for (auto &sum : sums) sum = _mm512_setzero_ps();
  const __m512bh factor = _mm512_cvtne2ps_pbh(_mm512_set1_ps(start), _mm512_set1_ps(start));
  for (int64_t i = 0; i < rounds; i++)
    for (auto &sum : sums) sum = _mm512_dpbf16_ps(sum, factor, factor);
  float total = 0;
  for (auto &sum : sums) total += _mm512_reduce_add_ps(sum);
  return total;
}
#endif

float fma128(float start) { FMA_BODY }

// 16 lanes x accumulators x rounds multiply-adds, two operations each (bf16: two products per lane).
float burn(bool bf16, float start) {
#if defined(__x86_64__)
  if (bf16) return dot512(start);
  if (ct::isa_level() >= 2) return fma512(start);
  if (ct::isa_level() == 1) return fma256(start);
#endif
  return fma128(start);
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

double ct_limit_multiply_add(bool bf16, int32_t threads, double seconds) {
  if (bf16 && ct::isa_level() < 3) return 0;
  ct::ThreadCount count(threads);
  const double work = 2.0 * 16 * accumulators * rounds * (bf16 ? 2 : 1);
  double best = 0;
  volatile float sink = 0;
  const auto start = std::chrono::steady_clock::now();
  while (seconds_since(start) < seconds) {
    const auto begin = std::chrono::steady_clock::now();
    ct::parallel_for(threads, 1 << 20, [&](int64_t first, int64_t last) {
      for (int64_t i = first; i < last; i++)
        for (int again = 0; again < 64; again++) sink = sink + burn(bf16, 0.25f);
    });
    best = std::max(best, 64 * threads * work / seconds_since(begin));
  }
  return best;
}

double ct_limit_read(int64_t bytes, int32_t threads, double seconds) {
  ct::ThreadCount count(threads);
  const ct::Memory memory(static_cast<size_t>(bytes));
  auto values = reinterpret_cast<Lanes *>(memory.data());
  const int64_t lines = bytes / 64 / 8 * 8;
  ct::parallel_for(lines, 64, [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; i++) values[i] = Lanes{} + 1.0f;
  });
  double best = 0;
  volatile float sink = 0;
  const auto start = std::chrono::steady_clock::now();
  while (seconds_since(start) < seconds) {
    const auto begin = std::chrono::steady_clock::now();
    ct::parallel_for(lines / 8, 512, [&](int64_t first, int64_t last) {
      Lanes sums[8] = {};
      for (int64_t i = first; i < last; i++)
        for (int k = 0; k < 8; k++) sums[k] += values[8 * i + k];
      float total = 0;
      for (auto &sum : sums) total += sum[0];
      sink = sink + total;
    });
    best = std::max(best, static_cast<double>(lines) * 64 / seconds_since(begin));
  }
  return best;
}
