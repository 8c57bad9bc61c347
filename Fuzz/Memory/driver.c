#include "fuzz_memory.h"

// libFuzzer's, which no header declares.
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*one)(const unsigned char *, size_t));

int fuzz_run(int argc, char **argv, int (*one)(const unsigned char *bytes, size_t count)) {
  return LLVMFuzzerRunDriver(&argc, &argv, one);
}
