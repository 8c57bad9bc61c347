#include <libavutil/pixdesc.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "video.h"
#include "yuv_to_rgb.h"

static void on_white(uint8_t *out, const uint8_t *rgba, int width) {
  for (int x = 0; x < width; x++, rgba += 4, out += 3) {
    for (int c = 0; c < 3; c++) {
      int sum = rgba[c] * rgba[3] + 255 * (255 - rgba[3]) + 128;
      out[c] = (uint8_t)((sum + (sum >> 8)) >> 8);
    }
  }
}

static int is_full(const AVFrame *frame) {
  return frame->color_range == AVCOL_RANGE_JPEG || strncmp(av_pix_fmt_desc_get(frame->format)->name, "yuvj", 4) == 0;
}

static const int *matrix_of(const AVFrame *frame) {
  return sws_getCoefficients(frame->colorspace == AVCOL_SPC_UNSPECIFIED ? SWS_CS_DEFAULT : (int)frame->colorspace);
}

static int scale_into(struct SwsContext **scaler, const AVFrame *frame, enum AVPixelFormat format, uint8_t *out,
                      int stride) {
  // Chroma at full resolution and exact rounding: the pictures then do not depend on the processor.
  int flags = SWS_BICUBIC | SWS_FULL_CHR_H_INT | SWS_FULL_CHR_H_INP | SWS_ACCURATE_RND | SWS_BITEXACT;
  *scaler = sws_getCachedContext(*scaler, frame->width, frame->height, frame->format, frame->width, frame->height,
                                 format, flags, NULL, NULL, NULL);
  if (!*scaler) return CLIBAV_UNSUPPORTED;
  sws_setColorspaceDetails(*scaler, matrix_of(frame), is_full(frame), sws_getCoefficients(SWS_CS_DEFAULT), 1, 0,
                           1 << 16, 1 << 16);
  uint8_t *planes[4] = {out, NULL, NULL, NULL};
  int strides[4] = {stride, 0, 0, 0};
  int rows = sws_scale(*scaler, (const uint8_t *const *)frame->data, frame->linesize, 0, frame->height, planes,
                       strides);
  return rows == frame->height ? CLIBAV_OK : CLIBAV_DAMAGED;
}

// The formats of nearly all films are converted by our own loops, which give the same bytes.
static int is_common(const AVFrame *frame) {
  return (frame->format == AV_PIX_FMT_YUV420P || frame->format == AV_PIX_FMT_YUVJ420P)
         && yuv_has_size(frame->width, frame->height);
}

static int convert_common(const AVFrame *frame, uint8_t *out) {
  yuv_picture picture = {.width = frame->width, .height = frame->height, .matrix = matrix_of(frame),
                         .is_full = is_full(frame)};
  for (int i = 0; i < 3; i++) {
    picture.planes[i] = frame->data[i];
    picture.strides[i] = frame->linesize[i];
  }
  return yuv_to_rgb(&picture, out);
}

static int convert_alpha(struct SwsContext **scaler, const AVFrame *frame, uint8_t *out) {
  size_t width = (size_t)frame->width, height = (size_t)frame->height;
  uint8_t *rgba = malloc(4 * width * height + 64);
  if (!rgba) return CLIBAV_NO_MEMORY;
  int status = scale_into(scaler, frame, AV_PIX_FMT_RGBA, rgba, 4 * frame->width);
  for (size_t y = 0; y < height && status == CLIBAV_OK; y++) {
    on_white(out + 3 * width * y, rgba + 4 * width * y, frame->width);
  }
  free(rgba);
  return status;
}

// `is_plain`: by libswscale in any case.
static int convert(struct SwsContext **scaler, const AVFrame *frame, int is_plain, uint8_t *out) {
  const AVPixFmtDescriptor *desc = av_pix_fmt_desc_get(frame->format);
  if (!desc) return CLIBAV_UNSUPPORTED;
  if (desc->flags & (AV_PIX_FMT_FLAG_ALPHA | AV_PIX_FMT_FLAG_PAL)) return convert_alpha(scaler, frame, out);
  if (!is_plain && is_common(frame)) return convert_common(frame, out);
  return scale_into(scaler, frame, AV_PIX_FMT_RGB24, out, 3 * frame->width);
}

static int make_picture(struct SwsContext **scaler, const AVFrame *frame, int is_plain, clibav_image *image) {
  // Some bytes more: swscale's wide stores may pass the end of the last row.
  size_t size = 3 * (size_t)frame->width * (size_t)frame->height + 64;
  *image = (clibav_image){frame->width, frame->height, malloc(size)};
  int status = image->pixels ? convert(scaler, frame, is_plain, image->pixels) : CLIBAV_NO_MEMORY;
  if (status != CLIBAV_OK) clibav_image_free(image);
  return status;
}

int video_picture(clibav_video *video, const AVFrame *frame, clibav_image *image, char *message, size_t size) {
  int status = make_picture(&video->scaler, frame, 0, image);
  if (status != CLIBAV_OK) {
    set_message(message, size, status == CLIBAV_NO_MEMORY ? "out of memory" : "its pixel format cannot be converted");
  }
  return status;
}

int clibav_planes_picture(const clibav_planes *planes, int is_plain, clibav_image *image) {
  AVFrame *frame = av_frame_alloc();
  if (!frame) return CLIBAV_NO_MEMORY;
  frame->format = AV_PIX_FMT_YUV420P;
  frame->width = planes->width;
  frame->height = planes->height;
  frame->colorspace = planes->colour_space;
  frame->color_range = planes->is_full ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
  for (int i = 0; i < 3; i++) {
    frame->data[i] = (uint8_t *)planes->data[i];
    frame->linesize[i] = planes->strides[i];
  }
  struct SwsContext *scaler = NULL;
  int status = make_picture(&scaler, frame, is_plain, image);
  sws_freeContext(scaler);
  av_frame_free(&frame);
  return status;
}
