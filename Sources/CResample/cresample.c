#include "cresample.h"

#include <string.h>

#include "dispatch.h"

typedef uint8_t bytes4 __attribute__((vector_size(4)));
typedef int32_t lanes4 __attribute__((vector_size(16)));
typedef uint8_t bytes32 __attribute__((vector_size(32)));
typedef int32_t lanes32 __attribute__((vector_size(128)));

static const int32_t half = 1 << (CRESAMPLE_BITS - 1);

COB_BODY lanes4 clamped(lanes4 sum) {
  const lanes4 none = {0, 0, 0, 0}, most = {255, 255, 255, 255};
  return __builtin_elementwise_min(__builtin_elementwise_max(sum >> CRESAMPLE_BITS, none), most);
}

// A pixel's three sums lie in one vector; its fourth lane is the next pixel's red and is dropped.
COB_BODY void cresample_across_body(const uint8_t *row, ptrdiff_t pixels, ptrdiff_t offset, cresample_axis axis,
                                    ptrdiff_t first, ptrdiff_t last, uint8_t *out) {
  ptrdiff_t position = first;
  bytes4 pixel;
  // Always as many inputs as fit, whose weights are zero where there are fewer: a loop of one length is foreseen. The
  // fourth byte of a row's last pixel, and of the last result, may lie behind the memory.
  for (; position + 1 < last && axis.starts[position] - offset + axis.most < pixels; position++, out += 3) {
    const int32_t *weights = axis.weights + position * axis.stride;
    const uint8_t *from = row + 3 * (axis.starts[position] - offset);
    lanes4 sum = {half, half, half, half};
    for (ptrdiff_t i = 0; i < axis.most; i++) {
      memcpy(&pixel, from + 3 * i, 4);
      sum += __builtin_convertvector(pixel, lanes4) * weights[i];
    }
    pixel = __builtin_convertvector(clamped(sum), bytes4);
    memcpy(out, &pixel, 4);
  }
  for (; position < last; position++, out += 3) {
    const int32_t *weights = axis.weights + position * axis.stride;
    const uint8_t *from = row + 3 * (axis.starts[position] - offset);
    lanes4 sum = {half, half, half, half};
    for (ptrdiff_t i = 0; i < axis.counts[position]; i++, from += 3)
      sum += (lanes4){from[0], from[1], from[2], 0} * weights[i];
    pixel = __builtin_convertvector(clamped(sum), bytes4);
    memcpy(out, &pixel, 3);
  }
}
COB_DISPATCH(void, cresample_across,
             (const uint8_t *row, ptrdiff_t pixels, ptrdiff_t offset, cresample_axis axis, ptrdiff_t first,
              ptrdiff_t last, uint8_t *out),
             (row, pixels, offset, axis, first, last, out))

COB_BODY void cresample_down_body(const uint8_t *rows, ptrdiff_t bytes, ptrdiff_t offset, cresample_axis axis,
                                  ptrdiff_t position, uint8_t *out) {
  const int32_t *weights = axis.weights + position * axis.stride;
  const uint8_t *top = rows + (axis.starts[position] - offset) * bytes;
  const ptrdiff_t count = axis.counts[position];
  ptrdiff_t x = 0;
  for (; x + 32 <= bytes; x += 32) {
    lanes32 sum = (lanes32){0} + half;
    bytes32 some;
    for (ptrdiff_t i = 0; i < count; i++) {
      memcpy(&some, top + i * bytes + x, 32);
      sum += __builtin_convertvector(some, lanes32) * weights[i];
    }
    sum = __builtin_elementwise_min(__builtin_elementwise_max(sum >> CRESAMPLE_BITS, (lanes32){0}), (lanes32){0} + 255);
    some = __builtin_convertvector(sum, bytes32);
    memcpy(out + x, &some, 32);
  }
  for (; x < bytes; x++) {
    int32_t sum = half;
    for (ptrdiff_t i = 0; i < count; i++) sum += top[i * bytes + x] * weights[i];
    sum >>= CRESAMPLE_BITS;
    out[x] = (uint8_t)(sum < 0 ? 0 : sum > 255 ? 255 : sum);
  }
}
COB_DISPATCH(void, cresample_down,
             (const uint8_t *rows, ptrdiff_t bytes, ptrdiff_t offset, cresample_axis axis, ptrdiff_t position,
              uint8_t *out),
             (rows, bytes, offset, axis, position, out))

void cresample_levels(const uint8_t *row, ptrdiff_t pixels, const float *levels, float *planes, ptrdiff_t size) {
  for (ptrdiff_t x = 0; x < pixels; x++, row += 3) {
    planes[x] = levels[row[0]];
    planes[size + x] = levels[256 + row[1]];
    planes[2 * size + x] = levels[512 + row[2]];
  }
}
