// The arithmetic is libswscale 6's (its initFilter, hScale8To15, yuv2rgb24_full_X), in integers, so that the bytes are
// the same on every processor:
//  1. Rows of chroma are doubled by a bicubic filter in 1/2^14. Samples have 7 bits behind the point, saturated upward.
//  2. Four such rows are added by a bicubic filter in 1/2^12, to 9 bits behind the point and around zero.
//  3. The matrix is applied in 1/2^13 and the result rounded to a byte; 32-bit sums wrap around.
#include "yuv_to_rgb.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "clibav.h"
#include "dispatch.h"

// Sixteen neighbours.
typedef uint8_t bytes16 __attribute__((vector_size(16)));
typedef int16_t samples16 __attribute__((vector_size(32)));
typedef int32_t lanes16 __attribute__((vector_size(64)));
typedef uint32_t wrapping16 __attribute__((vector_size(64)));

// Weights of four inputs: output 2i has inputs i − 2 … i + 1, output 2i + 1 has i − 1 … i + 2, where those beyond an
// end are the outermost one again. libswscale rounds positions towards zero, so that the filters of outputs 0 and 2
// begin one input too late: `early`.
typedef struct {
  int32_t even[4], odd[4], early[4];
} doubling;

static const doubling across = {{-461, 3943, 14284, -1382}, {-1382, 14284, 3943, -461}, {0, 3835, 13894, -1345}};
static const doubling down = {{-115, 985, 3572, -346}, {-346, 3572, 985, -115}, {0, 959, 3473, -336}};

// From this size on each filter has all its inputs.
int yuv_has_size(int width, int height) { return width >= 14 && height >= 14 && width % 2 == 0 && height % 2 == 0; }

// ---- Chroma across ----

COB_BODY void filter_across(const uint8_t *in, const int32_t weights[4], lanes16 *out) {
  lanes16 sum = {0};
  for (int k = 0; k < 4; k++) {
    bytes16 some;
    memcpy(&some, in + k, sizeof some);
    sum += __builtin_convertvector(some, lanes16) * weights[k];
  }
  *out = __builtin_elementwise_min(sum >> 7, (lanes16){0} + INT16_MAX);
}

// Two samples stand before `in` and some behind it, as filters want; the last vector may end behind the row.
COB_BODY void yuv_double_row_body(const uint8_t *in, int count, int16_t *out) {
  for (int i = 0; i < count; i += 16) {
    lanes16 even, odd;
    filter_across(in + i - 2, across.even, &even);
    filter_across(in + i - 1, across.odd, &odd);
    wrapping16 pairs = ((wrapping16)even & 0xffff) | ((wrapping16)odd << 16);
    memcpy(out + 2 * i, &pairs, sizeof pairs);
  }
  lanes16 early;
  filter_across(in - 2, across.early, &early);
  out[0] = (int16_t)early[0];
  out[2] = (int16_t)early[1];
}
COB_DISPATCH(void, yuv_double_row, (const uint8_t *in, int count, int16_t *out), (in, count, out))

// ---- Chroma down, and the matrix ----

typedef struct {
  uint32_t luma, black, red_v, green_v, green_u, blue_u;
} levels;

// What a row of pixels is made of.
typedef struct {
  const uint8_t *luma;
  const int16_t *u[4], *v[4];
  const int32_t *weights;
  int width;
} sources;

COB_BODY void filter_down(const int16_t *const rows[4], const int32_t weights[4], int x, wrapping16 *out) {
  lanes16 sum = (lanes16){0} + (1 << 9) - (128 << 19);
  for (int k = 0; k < 4; k++) {
    samples16 some;
    memcpy(&some, rows[k] + x, sizeof some);
    sum += __builtin_convertvector(some, lanes16) * weights[k];
  }
  *out = (wrapping16)(sum >> 10);
}

COB_BODY bytes16 rounded_bytes(const wrapping16 *sum) {
  lanes16 level = (lanes16)*sum >> 22;
  level = __builtin_elementwise_min(__builtin_elementwise_max(level, (lanes16){0}), (lanes16){0} + 255);
  return __builtin_convertvector(level, bytes16);
}

// Sixteen pixels' three bytes in turn. A shuffle takes two vectors, so red and green are joined first.
COB_BODY void interleave(bytes16 r, bytes16 g, bytes16 b, uint8_t *out) {
  typedef uint8_t bytes32 __attribute__((vector_size(32)));
  bytes32 rg, b0 = {0};
  memcpy(&rg, &r, 16);
  memcpy((uint8_t *)&rg + 16, &g, 16);
  memcpy(&b0, &b, 16);
#define PIXEL(i) i, 16 + i, 32 + i
  bytes16 first = __builtin_shufflevector(rg, b0, PIXEL(0), PIXEL(1), PIXEL(2), PIXEL(3), PIXEL(4), 5);
  bytes16 second = __builtin_shufflevector(rg, b0, 21, 37, PIXEL(6), PIXEL(7), PIXEL(8), PIXEL(9), 10, 26);
  bytes16 third = __builtin_shufflevector(rg, b0, 42, PIXEL(11), PIXEL(12), PIXEL(13), PIXEL(14), PIXEL(15));
#undef PIXEL
  memcpy(out, &first, 16);
  memcpy(out + 16, &second, 16);
  memcpy(out + 32, &third, 16);
}

COB_BODY void sixteen_pixels(const sources *from, const levels *levels, const uint8_t *luma, int x, uint8_t *out) {
  bytes16 some;
  memcpy(&some, luma, sizeof some);
  wrapping16 y = __builtin_convertvector(some, wrapping16) << 9, u, v;
  y = (y - levels->black) * levels->luma + (1u << 21);
  filter_down(from->u, from->weights, x, &u);
  filter_down(from->v, from->weights, x, &v);
  wrapping16 r = y + v * levels->red_v;
  wrapping16 g = y + v * levels->green_v + u * levels->green_u;
  wrapping16 b = y + u * levels->blue_u;
  interleave(rounded_bytes(&r), rounded_bytes(&g), rounded_bytes(&b), out);
}

COB_BODY void yuv_pixel_row_body(const sources *from, const levels *levels, uint8_t *out) {
  int x = 0;
  for (; x + 16 <= from->width; x += 16) sixteen_pixels(from, levels, from->luma + x, x, out + 3 * x);
  if (x == from->width) return;
  // Nothing may be read or written behind the row's end.
  uint8_t luma[16] = {0}, pixels[48];
  memcpy(luma, from->luma + x, (size_t)(from->width - x));
  sixteen_pixels(from, levels, luma, x, pixels);
  memcpy(out + 3 * x, pixels, 3 * (size_t)(from->width - x));
}
COB_DISPATCH(void, yuv_pixel_row, (const sources *from, const levels *levels, uint8_t *out), (from, levels, out))

// From 1/2^16 to 1/2^13.
static uint32_t rounded(int64_t value) { return (uint32_t)((value + 4) >> 3); }

static levels levels_of(const int *matrix, int is_full) {
  int64_t chroma[4] = {matrix[0], matrix[1], -(int64_t)matrix[2], -(int64_t)matrix[3]};
  for (int i = 0; i < 4 && is_full; i++) chroma[i] = chroma[i] * 224 / 255;
  return (levels){
      .luma = rounded(is_full ? 1 << 16 : (255 << 16) / 219), .black = is_full ? 0 : 16 << 9,
      .red_v = rounded(chroma[0]), .blue_u = rounded(chroma[1]), .green_u = rounded(chroma[2]),
      .green_v = rounded(chroma[3])};
}

// ---- The picture ----

// Doubled rows of chroma, U and V, of which a row of pixels needs four: row i lies in place i % 4.
typedef struct {
  int16_t *rows[2][4];
  int next;
  uint8_t *padded;
} chroma;

// Returns the memory to free; NULL where there is none.
static void *chroma_begin(chroma *chroma, int width) {
  enum { before = 2, behind = 32 };
  size_t length = (size_t)width + behind;
  int16_t *samples = calloc(8 * length + length, sizeof *samples);
  if (!samples) return NULL;
  for (size_t i = 0; i < 8; i++) chroma->rows[i / 4][i % 4] = samples + i * length;
  chroma->padded = (uint8_t *)(samples + 8 * length) + before;
  chroma->next = 0;
  return samples;
}

static void chroma_take(chroma *chroma, const yuv_picture *picture) {
  int count = picture->width / 2, y = chroma->next++;
  for (int i = 0; i < 2; i++) {
    const uint8_t *row = picture->planes[1 + i] + (ptrdiff_t)y * picture->strides[1 + i];
    memset(chroma->padded - 2, row[0], 2);
    memcpy(chroma->padded, row, (size_t)count);
    memset(chroma->padded + count, row[count - 1], 2);
    yuv_double_row(chroma->padded, count, chroma->rows[i][y % 4]);
  }
}

static sources sources_of(const yuv_picture *picture, chroma *chroma, int y) {
  int first = y / 2 - 2 + y % 2, last = picture->height / 2 - 1;
  while (chroma->next <= last && chroma->next <= first + 3) chroma_take(chroma, picture);
  sources from = {.luma = picture->planes[0] + (ptrdiff_t)y * picture->strides[0], .width = picture->width};
  from.weights = y == 0 || y == 2 ? down.early : y % 2 ? down.odd : down.even;
  for (int k = 0; k < 4; k++) {
    int row = first + k < 0 ? 0 : first + k > last ? last : first + k;
    from.u[k] = chroma->rows[0][row % 4];
    from.v[k] = chroma->rows[1][row % 4];
  }
  return from;
}

int yuv_to_rgb(const yuv_picture *picture, uint8_t *out) {
  chroma chroma;
  void *memory = chroma_begin(&chroma, picture->width);
  if (!memory) return CLIBAV_NO_MEMORY;
  levels levels = levels_of(picture->matrix, picture->is_full);
  for (int y = 0; y < picture->height; y++, out += 3 * (size_t)picture->width) {
    sources from = sources_of(picture, &chroma, y);
    yuv_pixel_row(&from, &levels, out);
  }
  free(memory);
  return CLIBAV_OK;
}
