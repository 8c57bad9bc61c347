#pragma once
/* Float kernels of the vector indexes. The fast ones use the widest vectors of the processor, so their last bits depend
   on it; the sequential ones add from the first component to the last and round after every operation. */
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Dot product, squared Euclidean and city-block distance of two rows of n floats. */
float cob_fast_dot(const float *a, const float *b, int64_t n);
float cob_fast_l2(const float *a, const float *b, int64_t n);
float cob_fast_l1(const float *a, const float *b, int64_t n);

float cob_sequential_dot(const float *a, const float *b, int64_t n);
float cob_sequential_l2(const float *a, const float *b, int64_t n);
float cob_sequential_l1(const float *a, const float *b, int64_t n);

/* One row against `count` rows that lie at base + stride * id (bytes); ids may be null for 0, 1, 2, … Rows to come are
   fetched ahead. */
void cob_rows_dot(const float *a, const char *base, int64_t stride, const int32_t *ids, int64_t count, int64_t n,
                  float *out);
void cob_rows_l2(const float *a, const char *base, int64_t stride, const int32_t *ids, int64_t count, int64_t n,
                 float *out);
void cob_rows_l1(const float *a, const char *base, int64_t stride, const int32_t *ids, int64_t count, int64_t n,
                 float *out);

/* Both dot products of x, in one pass. */
void cob_fast_two_dots(const float *p, const float *q, const float *x, int64_t n, float *px, float *qx);
void cob_fast_two_l2(const float *p, const float *q, const float *x, int64_t n, float *px, float *qx);

/* mean = (mean * weight + x / norm) / (weight + 1), each operation rounded. */
void cob_mean_update(float *mean, const float *x, int64_t n, float weight, float norm);

/* Bits that differ between two rows of n words. */
int64_t cob_hamming(const uint64_t *a, const uint64_t *b, int64_t n);
void cob_rows_hamming(const uint64_t *a, const char *base, int64_t stride, const int32_t *ids, int64_t count, int64_t n,
                      float *out);

/* A hint that a node's first bytes will be read. */
static inline void cob_prefetch(const void *address) { __builtin_prefetch(address, 0, 3); }

#ifdef __cplusplus
}
#endif
