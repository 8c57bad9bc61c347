// Rows of 8-bit RGB pictures resampled in fixed point, and turned into an encoder's numbers.
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Bits of a weight behind the point; a weight is below 2 in size, so that sums of bytes stay within 32 bits.
enum { CRESAMPLE_BITS = 22 };

// For each output position: the first input, how many inputs (`most` at most), and their weights (`stride` places for each
// position, zero behind the last).
typedef struct {
  const ptrdiff_t *starts, *counts;
  const int32_t *weights;
  ptrdiff_t stride, most;
} cresample_axis;

// Output pixels `first` ..< `last` of one row. `row` holds `pixels` pixels, the first of which is input `offset`.
void cresample_across(const uint8_t *row, ptrdiff_t pixels, ptrdiff_t offset, cresample_axis axis, ptrdiff_t first,
                      ptrdiff_t last, uint8_t *out);

// Output row `position` of `bytes` bytes. `rows` begins with input row `offset`; rows lie `bytes` apart.
void cresample_down(const uint8_t *rows, ptrdiff_t bytes, ptrdiff_t offset, cresample_axis axis, ptrdiff_t position,
                    uint8_t *out);

// A row's bytes by their levels, 256 for each channel, into three planes of `size` numbers each.
void cresample_levels(const uint8_t *row, ptrdiff_t pixels, const float *levels, float *planes, ptrdiff_t size);

#ifdef __cplusplus
}
#endif
