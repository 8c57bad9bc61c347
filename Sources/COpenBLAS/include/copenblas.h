#pragma once
/* OpenBLAS, and the few kernels of ranking that must have one fixed order of operations. */
#include <cblas.h>
#include <stdint.h>

#include "vectors.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Name of the kernel set in use ("SkylakeX", "Haswell", ...); never null. */
const char *cob_core_name(void);

/* From the first call until the last one's end, OpenBLAS computes each product on the thread that asks for it, so that
   several may ask at once. Returns how many of `threads` may: one where OpenBLAS's threads are OpenMP's, since it then
   gives wrong products to several threads that are not (it spreads that one's products itself), or where it has none,
   since it may then be built without locks. */
int cob_alone_begin(int threads);
void cob_alone_end(void);

/* Dot product of two float rows in double, summed in an order that depends on n alone: equal rows give equal bits
   wherever they lie, and integer-valued rows give exact results. */
double cob_dot(const float *a, const float *b, int64_t n);

/* Squared Euclidean distance in double, same guarantees. */
double cob_squared_distance(const float *a, const float *b, int64_t n);

/* Over scores[0..n): how many are > high, and how many lie in [low, high]. */
void cob_count(const float *scores, int64_t n, float low, float high, int64_t *above, int64_t *between);

/* Writes the indices whose score lies in [low, high]; returns their number. */
int64_t cob_collect(const float *scores, int64_t n, float low, float high, int32_t *indices);

/* One row against one threshold pair per column: above[j] += scores[j] > high[j]; writes the j whose score lies in
   [low[j], high[j]] to indices and returns their number. */
int64_t cob_count_columns(const float *scores, int64_t n, const float *low, const float *high, int32_t *above,
                          int32_t *indices);

/* Eigenvalues (ascending, into w) and eigenvectors (row k of a = eigenvector k) of a symmetric n x n matrix by LAPACK
   dsyevd. Returns LAPACK's info: 0 on success; -1000 when memory is short. */
int cob_symmetric_eigen(double *a, int n, double *w);

#ifdef __cplusplus
}
#endif
