// Chroma upsampling as the reference decoders do it, so that pixels agree with what other programs see.
#include "convert.h"

static const uint8_t *row_at(const struct chroma_plane *plane, int y) {
  if (y < 0) y = 0;
  if (y >= plane->height) y = plane->height - 1;
  return plane->data + (ptrdiff_t)y * plane->stride;
}

static void put(uint8_t *out, int x, int width, int value) {
  if (x < width) out[x] = (uint8_t)value;
}

// libjpeg's triangle filter in x alone (its h2v1 case).
static void jpeg_row_2x1(const struct chroma_plane *plane, int y, uint8_t *out, int width) {
  const uint8_t *in = row_at(plane, y);
  int n = plane->width;
  for (int i = 0; i < n; i++) {
    int left = i == 0 ? in[0] : (3 * in[i] + in[i - 1] + 1) >> 2;
    int right = i == n - 1 ? in[i] : (3 * in[i] + in[i + 1] + 2) >> 2;
    put(out, 2 * i, width, left);
    put(out, 2 * i + 1, width, right);
  }
}

// The same in y alone (h1v2); the rounding bias alternates.
static void jpeg_row_1x2(const struct chroma_plane *plane, int y, uint8_t *out, int width) {
  const uint8_t *near = row_at(plane, y >> 1);
  const uint8_t *far = row_at(plane, (y >> 1) + ((y & 1) ? 1 : -1));
  int bias = (y & 1) ? 2 : 1;
  for (int x = 0; x < width; x++) out[x] = (uint8_t)((3 * near[x] + far[x] + bias) >> 2);
}

// In both (h2v2): column sums of three quarters near, one quarter far; then the same along x.
static void jpeg_row_2x2(const struct chroma_plane *plane, int y, uint8_t *out, int width) {
  const uint8_t *near = row_at(plane, y >> 1);
  const uint8_t *far = row_at(plane, (y >> 1) + ((y & 1) ? 1 : -1));
  int n = plane->width;
  int before = 0, here = 3 * near[0] + far[0];
  for (int i = 0; i < n; i++) {
    int after = i + 1 < n ? 3 * near[i + 1] + far[i + 1] : 0;
    put(out, 2 * i, width, i == 0 ? (4 * here + 8) >> 4 : (3 * here + before + 8) >> 4);
    put(out, 2 * i + 1, width, i == n - 1 ? (4 * here + 7) >> 4 : (3 * here + after + 7) >> 4);
    before = here;
    here = after;
  }
}

void upsample_jpeg_row(const struct chroma_plane *plane, int y, uint8_t *out, int width) {
  // libjpeg smooths only planes wider than two samples.
  if (plane->sx == 1 && plane->sy == 0 && plane->width > 2) {
    jpeg_row_2x1(plane, y, out, width);
  } else if (plane->sx == 1 && plane->sy == 1 && plane->width > 2) {
    jpeg_row_2x2(plane, y, out, width);
  } else if (plane->sx == 0 && plane->sy == 1) {
    jpeg_row_1x2(plane, y, out, width);
  } else {
    const uint8_t *in = row_at(plane, y >> plane->sy);
    for (int x = 0; x < width; x++) out[x] = in[x >> plane->sx];
  }
}

// libwebp's 9-3-3-1 filter: it averages the diagonals first, which rounds differently from libjpeg's.
void upsample_webp_row(const struct chroma_plane *plane, int y, uint8_t *out, int width) {
  const uint8_t *near = row_at(plane, y >> 1);
  const uint8_t *far = row_at(plane, (y >> 1) + ((y & 1) ? 1 : -1));
  int pairs = (width - 1) >> 1;
  out[0] = (uint8_t)((3 * near[0] + far[0] + 2) >> 2);
  for (int i = 1; i <= pairs; i++) {
    int sum = near[i - 1] + near[i] + far[i - 1] + far[i] + 8;
    int toward_right = (sum + 2 * (near[i] + far[i - 1])) >> 3;
    int toward_left = (sum + 2 * (near[i - 1] + far[i])) >> 3;
    out[2 * i - 1] = (uint8_t)((toward_right + near[i - 1]) >> 1);
    out[2 * i] = (uint8_t)((toward_left + near[i]) >> 1);
  }
  if ((width & 1) == 0) {
    int last = plane->width - 1;
    out[width - 1] = (uint8_t)((3 * near[last] + far[last] + 2) >> 2);
  }
}
