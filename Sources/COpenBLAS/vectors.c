#include "vectors.h"

#include <math.h>

#include "dispatch.h"

/* Sixteen lanes whatever the processor: the compiler splits them where vectors are narrower. */
typedef float cob_f16 __attribute__((vector_size(64), aligned(4)));

#define COB_LOAD(p) (*(const cob_f16 *)(p))

COB_BODY float cob_total(const cob_f16 *v) {
  float lanes[16];
  for (int k = 0; k < 16; k++) lanes[k] = (*v)[k];
  for (int width = 8; width > 0; width /= 2)
    for (int k = 0; k < width; k++) lanes[k] += lanes[k + width];
  return lanes[0];
}

typedef int32_t cob_i16 __attribute__((vector_size(64)));
#define COB_MAGNITUDE(v) ((cob_f16)((cob_i16)(v) & 0x7FFFFFFF))

#pragma STDC FP_CONTRACT ON

COB_BODY float cob_fast_dot_body(const float *a, const float *b, int64_t n) {
  cob_f16 s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0};
  int64_t i = 0;
  for (; i + 64 <= n; i += 64) {
    s0 += COB_LOAD(a + i) * COB_LOAD(b + i);
    s1 += COB_LOAD(a + i + 16) * COB_LOAD(b + i + 16);
    s2 += COB_LOAD(a + i + 32) * COB_LOAD(b + i + 32);
    s3 += COB_LOAD(a + i + 48) * COB_LOAD(b + i + 48);
  }
  for (; i + 16 <= n; i += 16) s0 += COB_LOAD(a + i) * COB_LOAD(b + i);
  float rest = 0;
  for (; i < n; i++) rest += a[i] * b[i];
  s0 = (s0 + s1) + (s2 + s3);
  return cob_total(&s0) + rest;
}

COB_BODY float cob_fast_l2_body(const float *a, const float *b, int64_t n) {
  cob_f16 s0 = {0}, s1 = {0};
  int64_t i = 0;
  for (; i + 32 <= n; i += 32) {
    cob_f16 d = COB_LOAD(a + i) - COB_LOAD(b + i), e = COB_LOAD(a + i + 16) - COB_LOAD(b + i + 16);
    s0 += d * d;
    s1 += e * e;
  }
  for (; i + 16 <= n; i += 16) {
    cob_f16 d = COB_LOAD(a + i) - COB_LOAD(b + i);
    s0 += d * d;
  }
  float rest = 0;
  for (; i < n; i++) rest += (a[i] - b[i]) * (a[i] - b[i]);
  s0 += s1;
  return cob_total(&s0) + rest;
}

COB_BODY float cob_fast_l1_body(const float *a, const float *b, int64_t n) {
  cob_f16 s0 = {0};
  int64_t i = 0;
  for (; i + 16 <= n; i += 16) s0 += COB_MAGNITUDE(COB_LOAD(a + i) - COB_LOAD(b + i));
  float rest = 0;
  for (; i < n; i++) rest += fabsf(a[i] - b[i]);
  return cob_total(&s0) + rest;
}

COB_BODY void cob_fast_two_dots_body(const float *p, const float *q, const float *x, int64_t n, float *px, float *qx) {
  cob_f16 s0 = {0}, s1 = {0};
  int64_t i = 0;
  for (; i + 16 <= n; i += 16) {
    cob_f16 v = COB_LOAD(x + i);
    s0 += COB_LOAD(p + i) * v;
    s1 += COB_LOAD(q + i) * v;
  }
  float r0 = 0, r1 = 0;
  for (; i < n; i++) {
    r0 += p[i] * x[i];
    r1 += q[i] * x[i];
  }
  *px = cob_total(&s0) + r0;
  *qx = cob_total(&s1) + r1;
}

COB_BODY void cob_fast_two_l2_body(const float *p, const float *q, const float *x, int64_t n, float *px, float *qx) {
  cob_f16 s0 = {0}, s1 = {0};
  int64_t i = 0;
  for (; i + 16 <= n; i += 16) {
    cob_f16 v = COB_LOAD(x + i), d = COB_LOAD(p + i) - v, e = COB_LOAD(q + i) - v;
    s0 += d * d;
    s1 += e * e;
  }
  float r0 = 0, r1 = 0;
  for (; i < n; i++) {
    r0 += (p[i] - x[i]) * (p[i] - x[i]);
    r1 += (q[i] - x[i]) * (q[i] - x[i]);
  }
  *px = cob_total(&s0) + r0;
  *qx = cob_total(&s1) + r1;
}

/* Short rows need the next few rows, long ones the next row's first lines: the processor then runs along by itself. */
#define COB_ROWS(kernel)                                                                                    \
  int64_t ahead = n >= 256 ? 2 : n >= 64 ? 4 : 8, bytes = n * (int64_t)sizeof(*a);                          \
  if (bytes > 512) bytes = 512;                                                                             \
  for (int64_t i = 0; i < count; i++) {                                                                     \
    if (i + ahead < count) {                                                                                \
      const char *next = base + stride * (ids ? (int64_t)ids[i + ahead] : i + ahead);                       \
      for (int64_t line = 0; line < bytes; line += 64) __builtin_prefetch(next + line, 0, 3);               \
    }                                                                                                       \
    out[i] = (float)kernel(a, (const void *)(base + stride * (ids ? (int64_t)ids[i] : i)), n);              \
  }

#define COB_ROWS_PARAMETERS                                                                                \
  (const float *a, const char *base, int64_t stride, const int32_t *ids, int64_t count, int64_t n, float *out)

COB_BODY void cob_rows_dot_body COB_ROWS_PARAMETERS { COB_ROWS(cob_fast_dot_body) }
COB_BODY void cob_rows_l2_body COB_ROWS_PARAMETERS { COB_ROWS(cob_fast_l2_body) }
COB_BODY void cob_rows_l1_body COB_ROWS_PARAMETERS { COB_ROWS(cob_fast_l1_body) }

#pragma STDC FP_CONTRACT OFF

COB_BODY void cob_mean_update_body(float *restrict mean, const float *restrict x, int64_t n, float weight, float norm) {
#pragma STDC FP_CONTRACT OFF
  float more = weight + 1;
  for (int64_t i = 0; i < n; i++) {
    float kept = mean[i] * weight, added = x[i] / norm;
    mean[i] = (kept + added) / more;
  }
}

float cob_sequential_dot(const float *a, const float *b, int64_t n) {
  float sum = 0;
  for (int64_t i = 0; i < n; i++) {
    float product = a[i] * b[i];
    sum += product;
  }
  return sum;
}

float cob_sequential_l2(const float *a, const float *b, int64_t n) {
  float sum = 0;
  for (int64_t i = 0; i < n; i++) {
    float d = a[i] - b[i], square = d * d;
    sum += square;
  }
  return sum;
}

float cob_sequential_l1(const float *a, const float *b, int64_t n) {
  float sum = 0;
  for (int64_t i = 0; i < n; i++) sum += fabsf(a[i] - b[i]);
  return sum;
}

int64_t cob_hamming(const uint64_t *a, const uint64_t *b, int64_t n) {
  int64_t bits = 0;
  for (int64_t i = 0; i < n; i++) bits += __builtin_popcountll(a[i] ^ b[i]);
  return bits;
}

void cob_rows_hamming(const uint64_t *a, const char *base, int64_t stride, const int32_t *ids, int64_t count, int64_t n,
                      float *out) {
  COB_ROWS(cob_hamming)
}

COB_DISPATCH(float, cob_fast_dot, (const float *a, const float *b, int64_t n), (a, b, n))
COB_DISPATCH(float, cob_fast_l2, (const float *a, const float *b, int64_t n), (a, b, n))
COB_DISPATCH(float, cob_fast_l1, (const float *a, const float *b, int64_t n), (a, b, n))
COB_DISPATCH(void, cob_fast_two_dots,
             (const float *p, const float *q, const float *x, int64_t n, float *px, float *qx), (p, q, x, n, px, qx))
COB_DISPATCH(void, cob_fast_two_l2,
             (const float *p, const float *q, const float *x, int64_t n, float *px, float *qx), (p, q, x, n, px, qx))
COB_DISPATCH(void, cob_rows_dot, COB_ROWS_PARAMETERS, (a, base, stride, ids, count, n, out))
COB_DISPATCH(void, cob_rows_l2, COB_ROWS_PARAMETERS, (a, base, stride, ids, count, n, out))
COB_DISPATCH(void, cob_rows_l1, COB_ROWS_PARAMETERS, (a, base, stride, ids, count, n, out))
COB_DISPATCH(void, cob_mean_update, (float *mean, const float *x, int64_t n, float weight, float norm),
             (mean, x, n, weight, norm))
