#ifndef CHDF5_HEAP_H
#define CHDF5_HEAP_H

#include <hdf5.h>
#include <stdint.h>

/// Whether every variable-length string of a dataset lies in a heap, whole; 1 where this cannot be told (chunked data).
int ch_strings_in_heaps(hid_t set, uint64_t count);

#endif
