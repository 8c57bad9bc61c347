#include "convert.h"

#include <libavutil/mem.h>
#include <libavutil/pixdesc.h>

static uint8_t clamp8(int value) { return value < 0 ? 0 : value > 255 ? 255 : (uint8_t)value; }

// colour · alpha + ground · (1 − alpha), rounded to the nearest level.
static uint8_t over(int colour, int alpha, int ground) {
  int sum = colour * alpha + ground * (255 - alpha) + 128;
  return (uint8_t)((sum + (sum >> 8)) >> 8);
}

static void put_pixel(uint8_t *out, int r, int g, int b, int alpha, uint32_t ground) {
  out[0] = alpha == 255 ? (uint8_t)r : over(r, alpha, (ground >> 16) & 255);
  out[1] = alpha == 255 ? (uint8_t)g : over(g, alpha, (ground >> 8) & 255);
  out[2] = alpha == 255 ? (uint8_t)b : over(b, alpha, ground & 255);
}

// JFIF's full-range BT.601, in libjpeg's 16-bit fixed point.
static void jpeg_pixel(int y, int u, int v, int alpha, uint32_t ground, uint8_t *out) {
  int cb = u - 128, cr = v - 128;
  int r = clamp8(y + ((91881 * cr + 32768) >> 16));
  int g = clamp8(y + ((-22554 * cb - 46802 * cr + 32768) >> 16));
  int b = clamp8(y + ((116130 * cb + 32768) >> 16));
  put_pixel(out, r, g, b, alpha, ground);
}

// Limited-range BT.601, in libwebp's 14-bit fixed point.
static void webp_pixel(int y, int u, int v, int alpha, uint32_t ground, uint8_t *out) {
  int luma = (y * 19077) >> 8;
  int r = luma + ((v * 26149) >> 8) - 14234;
  int g = luma - ((u * 6419) >> 8) - ((v * 13320) >> 8) + 8708;
  int b = luma + ((u * 33050) >> 8) - 17685;
  put_pixel(out, clamp8(r >> 6), clamp8(g >> 6), clamp8(b >> 6), alpha, ground);
}

static int convert_yuv(const AVFrame *frame, const AVPixFmtDescriptor *desc, enum yuv_kind kind, uint32_t ground,
                       clibav_image *out) {
  int width = frame->width, height = frame->height;
  uint8_t *chroma = av_malloc(2 * (size_t)width);
  if (!chroma) return CLIBAV_NO_MEMORY;
  struct chroma_plane planes[2];
  for (int i = 0; i < 2; i++) {
    planes[i] = (struct chroma_plane){
        frame->data[i + 1], frame->linesize[i + 1], AV_CEIL_RSHIFT(width, desc->log2_chroma_w),
        AV_CEIL_RSHIFT(height, desc->log2_chroma_h), desc->log2_chroma_w, desc->log2_chroma_h};
  }
  int has_alpha = (desc->flags & AV_PIX_FMT_FLAG_ALPHA) != 0;
  for (int y = 0; y < height; y++) {
    for (int i = 0; i < 2; i++) {
      uint8_t *row = chroma + (size_t)i * width;
      if (kind == YUV_WEBP) upsample_webp_row(&planes[i], y, row, width);
      else upsample_jpeg_row(&planes[i], y, row, width);
    }
    const uint8_t *luma = frame->data[0] + (ptrdiff_t)y * frame->linesize[0];
    const uint8_t *alpha = has_alpha ? frame->data[3] + (ptrdiff_t)y * frame->linesize[3] : NULL;
    uint8_t *row = out->pixels + (size_t)y * width * 3;
    for (int x = 0; x < width; x++) {
      int a = alpha ? alpha[x] : 255;
      if (kind == YUV_WEBP) webp_pixel(luma[x], chroma[x], chroma[width + x], a, ground, row + 3 * x);
      else jpeg_pixel(luma[x], chroma[x], chroma[width + x], a, ground, row + 3 * x);
    }
  }
  av_free(chroma);
  return CLIBAV_OK;
}

static int convert_palette(const AVFrame *frame, uint32_t ground, clibav_image *out) {
  const uint32_t *palette = (const uint32_t *)frame->data[1];
  for (int y = 0; y < frame->height; y++) {
    const uint8_t *in = frame->data[0] + (ptrdiff_t)y * frame->linesize[0];
    uint8_t *row = out->pixels + (size_t)y * frame->width * 3;
    for (int x = 0; x < frame->width; x++) {
      uint32_t argb = palette[in[x]];
      put_pixel(row + 3 * x, (argb >> 16) & 255, (argb >> 8) & 255, argb & 255, argb >> 24, ground);
    }
  }
  return CLIBAV_OK;
}

// A sample of `depth` bits as 8 bits: the high byte of a deeper one, the full range of a shallower one.
static int to_8_bits(int value, int depth) {
  if (depth == 8) return value;
  if (depth > 8) return value >> (depth - 8);
  int top = (1 << depth) - 1;
  return (value * 255 + top / 2) / top;
}

// Grey or RGB, packed or planar, any depth up to 16, with or without alpha.
static int convert_components(const AVFrame *frame, const AVPixFmtDescriptor *desc, uint32_t ground,
                              clibav_image *out) {
  int width = frame->width, count = desc->nb_components;
  uint16_t *samples = av_malloc(sizeof(uint16_t) * 4 * (size_t)width);
  if (!samples) return CLIBAV_NO_MEMORY;
  int has_alpha = (desc->flags & AV_PIX_FMT_FLAG_ALPHA) != 0;
  int colours = count - has_alpha, inverted = frame->format == AV_PIX_FMT_MONOWHITE;
  for (int y = 0; y < frame->height; y++) {
    for (int c = 0; c < count; c++) {
      av_read_image_line2(samples + (size_t)c * width, (const uint8_t **)frame->data, frame->linesize, desc, 0, y,
                          c, width, 0, sizeof(uint16_t));
    }
    uint8_t *row = out->pixels + (size_t)y * width * 3;
    for (int x = 0; x < width; x++) {
      int value[4];
      for (int c = 0; c < count; c++) value[c] = to_8_bits(samples[(size_t)c * width + x], desc->comp[c].depth);
      int alpha = has_alpha ? value[count - 1] : 255;
      if (inverted) value[0] = 255 - value[0];
      if (colours == 3) put_pixel(row + 3 * x, value[0], value[1], value[2], alpha, ground);
      else put_pixel(row + 3 * x, value[0], value[0], value[0], alpha, ground);
    }
  }
  av_free(samples);
  return CLIBAV_OK;
}

int convert_frame(const AVFrame *frame, enum yuv_kind kind, uint32_t ground, clibav_image *out) {
  const AVPixFmtDescriptor *desc = av_pix_fmt_desc_get(frame->format);
  if (!desc) return CLIBAV_UNSUPPORTED;
  if (desc->flags & AV_PIX_FMT_FLAG_PAL) return convert_palette(frame, ground, out);
  if (desc->flags & (AV_PIX_FMT_FLAG_HWACCEL | AV_PIX_FMT_FLAG_FLOAT | AV_PIX_FMT_FLAG_BAYER)) {
    return CLIBAV_UNSUPPORTED;
  }
  if (desc->nb_components <= 2 || (desc->flags & AV_PIX_FMT_FLAG_RGB)) {
    return desc->comp[0].depth > 16 ? CLIBAV_UNSUPPORTED : convert_components(frame, desc, ground, out);
  }
  int planar_8_bit = (desc->flags & AV_PIX_FMT_FLAG_PLANAR) && desc->comp[0].depth == 8 && desc->comp[1].step == 1;
  if (!planar_8_bit) return CLIBAV_UNSUPPORTED;
  if (kind == YUV_WEBP && (desc->log2_chroma_w != 1 || desc->log2_chroma_h != 1)) return CLIBAV_UNSUPPORTED;
  return convert_yuv(frame, desc, kind, ground, out);
}
