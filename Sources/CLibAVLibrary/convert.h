// A decoded frame to RGB, on a colour where it is transparent.
#pragma once

#include <libavutil/frame.h>

#include "clibav.h"

// Which published decoder's chroma upsampling and colour matrix a YUV frame follows.
enum yuv_kind { YUV_JPEG, YUV_WEBP };

// Fills `out->pixels` (already allocated for the frame's size); `ground` is 0xRRGGBB. Returns a CLIBAV status.
int convert_frame(const AVFrame *frame, enum yuv_kind kind, uint32_t ground, clibav_image *out);

// Full-resolution chroma of one output row; `out` has `width` bytes.
// `planes` are the chroma plane, its stride and size; sx, sy are log2 of the subsampling.
struct chroma_plane {
  const uint8_t *data;
  int stride, width, height, sx, sy;
};
void upsample_jpeg_row(const struct chroma_plane *plane, int y, uint8_t *out, int width);
void upsample_webp_row(const struct chroma_plane *plane, int y, uint8_t *out, int width);
