/// Counts what malloc and its kin hand out, in place of the C library's own functions; starts libFuzzer.
#ifndef FUZZ_MEMORY_H
#define FUZZ_MEMORY_H
#include <stddef.h>

/// Starts a measurement: allocations larger than `single` bytes, or more than `total` bytes at once, end the program.
void fuzz_memory_begin(size_t single, size_t total);
void fuzz_memory_end(void);

/// Runs libFuzzer on `one` with the program's arguments; returns the exit status.
int fuzz_run(int argc, char **argv, int (*one)(const unsigned char *bytes, size_t count));
#endif
