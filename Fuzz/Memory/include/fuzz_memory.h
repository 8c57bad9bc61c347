/// Counts what malloc and its kin hand out, in place of the C library's own functions.
#ifndef FUZZ_MEMORY_H
#define FUZZ_MEMORY_H
#include <stddef.h>

/// Starts a measurement: allocations larger than `single` bytes, or more than `total` bytes at once, end the program.
void fuzz_memory_begin(size_t single, size_t total);
void fuzz_memory_end(void);
#endif
