#pragma once
/* What faiss's headers need of OpenMP: clang has no omp.h without its own runtime, and the library is built with GCC's. */
#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  int opaque;
} omp_lock_t;

void omp_set_num_threads(int);
int omp_get_max_threads(void);

#ifdef __cplusplus
}
#endif
