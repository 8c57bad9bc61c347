// Planar 8-bit YUV with half as much chroma each way (yuv420p) to interleaved RGB: libswscale's bytes (bicubic, chroma
// at full resolution, exact rounding) at a fraction of its cost.
#pragma once

#include <stdint.h>

typedef struct {
  const uint8_t *planes[3];
  int strides[3];
  int width, height;
  // The four of sws_getCoefficients; whether levels are 0…255 instead of 16…235.
  const int *matrix;
  int is_full;
} yuv_picture;

// Whether pictures of this size can be converted. Libswscale filters odd and very small ones in other ways.
int yuv_has_size(int width, int height);

// `out` takes `3 * width * height` bytes. Returns a status of clibav.h.
int yuv_to_rgb(const yuv_picture *picture, uint8_t *out);
