#pragma once
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define COB_BODY static inline __attribute__((always_inline))

/* Each kernel has one body, compiled for the widest vectors the processor has. The choice is made at the first call and
   not by ifunc, whose resolvers run before the libraries are ready under some linkers. */
#if defined(__x86_64__)
#define COB_DISPATCH(result, name, parameters, arguments)                                                   \
  static __attribute__((target("avx512f,avx2,fma"))) result name##_512 parameters {                         \
    return name##_body arguments;                                                                           \
  }                                                                                                         \
  static __attribute__((target("avx2,fma"))) result name##_256 parameters { return name##_body arguments; } \
  result name parameters {                                                                                  \
    if (cob_level() == 2) return name##_512 arguments;                                                      \
    if (cob_level() == 1) return name##_256 arguments;                                                      \
    return name##_body arguments;                                                                           \
  }

/* The best this CPU has, or less where ATEN_CPU_CAPABILITY (default, avx2) says so, as everywhere else. */
static int cob_level(void) {
  static int level = -1; /* racing threads store the same value */
  int known = __atomic_load_n(&level, __ATOMIC_RELAXED);
  if (known < 0) {
    __builtin_cpu_init();
    int narrow = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    known = narrow && __builtin_cpu_supports("avx512f") ? 2 : narrow;
    const char *limit = getenv("ATEN_CPU_CAPABILITY");
    if (limit && !strcmp(limit, "default")) known = 0;
    if (limit && !strcmp(limit, "avx2") && known > 1) known = 1;
    __atomic_store_n(&level, known, __ATOMIC_RELAXED);
  }
  return known;
}
#else
#define COB_DISPATCH(result, name, parameters, arguments)                                                        \
  result name parameters { return name##_body arguments; }
#endif
