#include "fuzz_memory.h"

#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);
void __libc_free(void *);

static atomic_bool watching;
static atomic_llong live;
static size_t single_limit, total_limit;

static void finding(const char *text) {
  atomic_store(&watching, 0);
  if (write(2, text, strlen(text)) < 0) abort();
  abort();
}

static void *counted(void *block, size_t asked) {
  if (!atomic_load_explicit(&watching, memory_order_relaxed)) return block;
  if (asked > single_limit) finding("==FUZZ== one allocation is far larger than the input\n");
  long long size = block ? (long long)malloc_usable_size(block) : 0;
  if (atomic_fetch_add(&live, size) + size > (long long)total_limit)
    finding("==FUZZ== allocations together are far larger than the input\n");
  return block;
}

static void released(void *block) {
  if (block && atomic_load_explicit(&watching, memory_order_relaxed))
    atomic_fetch_sub(&live, (long long)malloc_usable_size(block));
}

void *malloc(size_t size) { return counted(__libc_malloc(size), size); }
void *calloc(size_t count, size_t size) {
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes)) bytes = SIZE_MAX;
  return counted(__libc_calloc(count, size), bytes);
}
void *realloc(void *block, size_t size) {
  released(block);
  return counted(__libc_realloc(block, size), size);
}
void free(void *block) {
  released(block);
  __libc_free(block);
}
void *memalign(size_t alignment, size_t size) { return counted(__libc_memalign(alignment, size), size); }
void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }
int posix_memalign(void **out, size_t alignment, size_t size) {
  void *block = memalign(alignment, size);
  if (!block) return ENOMEM;
  *out = block;
  return 0;
}

void fuzz_memory_begin(size_t single, size_t total) {
  single_limit = single;
  total_limit = total;
  atomic_store(&live, 0);
  atomic_store(&watching, 1);
}

void fuzz_memory_end(void) { atomic_store(&watching, 0); }
