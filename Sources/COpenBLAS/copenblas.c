#include "copenblas.h"

#include <pthread.h>
#include <stdlib.h>

#include "dispatch.h"

/* A product of two floats is exact in double, so fused and separate multiply-add agree in cob_dot; in
   cob_squared_distance they would not. */
#pragma STDC FP_CONTRACT OFF

typedef float cob_f8 __attribute__((vector_size(32), aligned(4)));
typedef double cob_d8 __attribute__((vector_size(64)));

static inline __attribute__((always_inline)) double cob_sum(const double *v) {
  return ((v[0] + v[4]) + (v[1] + v[5])) + ((v[2] + v[6]) + (v[3] + v[7]));
}

const char *cob_core_name(void) {
  const char *name = openblas_get_corename();
  return name ? name : "unknown";
}

static pthread_mutex_t cob_alone = PTHREAD_MUTEX_INITIALIZER;
static int cob_alone_users, cob_threads_before;

static int cob_has_own_threads(void) { return openblas_get_parallel() == OPENBLAS_THREAD; }

int cob_alone_begin(int threads) {
  if (!cob_has_own_threads()) return 1;
  pthread_mutex_lock(&cob_alone);
  if (cob_alone_users++ == 0) {
    cob_threads_before = openblas_get_num_threads();
    openblas_set_num_threads(1);
  }
  pthread_mutex_unlock(&cob_alone);
  return threads;
}

void cob_alone_end(void) {
  if (!cob_has_own_threads()) return;
  pthread_mutex_lock(&cob_alone);
  if (--cob_alone_users == 0) openblas_set_num_threads(cob_threads_before);
  pthread_mutex_unlock(&cob_alone);
}

COB_BODY double cob_dot_body(const float *a, const float *b, int64_t n) {
  cob_d8 first = {0}, second = {0};
  int64_t i = 0;
  for (; i + 16 <= n; i += 16) {
    first += __builtin_convertvector(*(const cob_f8 *)(a + i), cob_d8) *
             __builtin_convertvector(*(const cob_f8 *)(b + i), cob_d8);
    second += __builtin_convertvector(*(const cob_f8 *)(a + i + 8), cob_d8) *
              __builtin_convertvector(*(const cob_f8 *)(b + i + 8), cob_d8);
  }
  cob_d8 both = first + second;
  double lanes[8];
  for (int k = 0; k < 8; k++) lanes[k] = both[k];
  for (; i < n; i++) lanes[i & 7] += (double)a[i] * (double)b[i];
  return cob_sum(lanes);
}

COB_BODY double cob_squared_distance_body(const float *a, const float *b, int64_t n) {
  cob_d8 first = {0}, second = {0};
  int64_t i = 0;
  for (; i + 16 <= n; i += 16) {
    cob_d8 x = __builtin_convertvector(*(const cob_f8 *)(a + i), cob_d8) -
               __builtin_convertvector(*(const cob_f8 *)(b + i), cob_d8);
    cob_d8 y = __builtin_convertvector(*(const cob_f8 *)(a + i + 8), cob_d8) -
               __builtin_convertvector(*(const cob_f8 *)(b + i + 8), cob_d8);
    cob_d8 xx = x * x, yy = y * y;
    first += xx;
    second += yy;
  }
  cob_d8 both = first + second;
  double lanes[8];
  for (int k = 0; k < 8; k++) lanes[k] = both[k];
  for (; i < n; i++) {
    double d = (double)a[i] - (double)b[i];
    double dd = d * d;
    lanes[i & 7] += dd;
  }
  return cob_sum(lanes);
}

COB_BODY void cob_count_body(const float *scores, int64_t n, float low, float high, int64_t *above,
                             int64_t *between) {
  int64_t up = 0, reached = 0;
  for (int64_t start = 0; start < n; start += 8192) {
    int64_t end = start + 8192 < n ? start + 8192 : n;
    int32_t u = 0, r = 0;
    for (int64_t j = start; j < end; j++) {
      u += scores[j] > high;
      r += scores[j] >= low;
    }
    up += u;
    reached += r;
  }
  *above = up;
  *between = reached - up;
}

COB_BODY int64_t cob_collect_body(const float *scores, int64_t n, float low, float high, int32_t *indices) {
  int64_t found = 0;
  for (int64_t start = 0; start < n; start += 128) {
    int64_t end = start + 128 < n ? start + 128 : n;
    int32_t inside = 0;
    for (int64_t j = start; j < end; j++) inside += (scores[j] >= low) & (scores[j] <= high);
    if (!inside) continue;
    for (int64_t j = start; j < end; j++)
      if (scores[j] >= low && scores[j] <= high) indices[found++] = (int32_t)j;
  }
  return found;
}

COB_BODY int64_t cob_count_columns_body(const float *restrict scores, int64_t n, const float *restrict low,
                                        const float *restrict high, int32_t *restrict above,
                                        int32_t *restrict indices) {
  int64_t found = 0;
  for (int64_t start = 0; start < n; start += 128) {
    int64_t end = start + 128 < n ? start + 128 : n;
    int32_t inside = 0;
    for (int64_t j = start; j < end; j++) {
      int32_t up = scores[j] > high[j];
      above[j] += up;
      inside += (scores[j] >= low[j]) - up;
    }
    if (!inside) continue;
    for (int64_t j = start; j < end; j++)
      if (scores[j] >= low[j] && scores[j] <= high[j]) indices[found++] = (int32_t)j;
  }
  return found;
}

COB_DISPATCH(double, cob_dot, (const float *a, const float *b, int64_t n), (a, b, n))
COB_DISPATCH(double, cob_squared_distance, (const float *a, const float *b, int64_t n), (a, b, n))
COB_DISPATCH(void, cob_count,
             (const float *scores, int64_t n, float low, float high, int64_t *above, int64_t *between),
             (scores, n, low, high, above, between))
COB_DISPATCH(int64_t, cob_collect, (const float *scores, int64_t n, float low, float high, int32_t *indices),
             (scores, n, low, high, indices))
COB_DISPATCH(int64_t, cob_count_columns,
             (const float *scores, int64_t n, const float *low, const float *high, int32_t *above, int32_t *indices),
             (scores, n, low, high, above, indices))

/* LAPACK, as Debian's OpenBLAS exports it (column-major, 32-bit integers). */
extern void dsyevd_(const char *jobz, const char *uplo, const int *n, double *a, const int *lda, double *w, double *work,
                    const int *lwork, int *iwork, const int *liwork, int *info);

int cob_symmetric_eigen(double *a, int n, double *w) {
  int info = 0, query = -1, least = 0;
  double wanted = 0;
  dsyevd_("V", "U", &n, a, &n, w, &wanted, &query, &least, &query, &info);
  if (info != 0) return info;
  int lwork = (int)wanted, liwork = least;
  double *work = malloc(sizeof(double) * (size_t)(lwork > 0 ? lwork : 1));
  int *iwork = malloc(sizeof(int) * (size_t)(liwork > 0 ? liwork : 1));
  if (work && iwork)
    dsyevd_("V", "U", &n, a, &n, w, work, &lwork, iwork, &liwork, &info);
  else
    info = -1000;
  free(work);
  free(iwork);
  return info;
}
