#include "clibpicture.h"

#include <libavcodec/avcodec.h>
#include <libavutil/opt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void clibpicture_free(uint8_t *bytes) { free(bytes); }

static uint8_t clamped(int value) { return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value); }

// JFIF's full-range BT.601, without subsampling.
static void fill(AVFrame *frame, const uint8_t *rgb) {
  for (int y = 0; y < frame->height; y++) {
    for (int x = 0; x < frame->width; x++, rgb += 3) {
      int r = rgb[0], g = rgb[1], b = rgb[2];
      frame->data[0][y * frame->linesize[0] + x] = clamped((19595 * r + 38470 * g + 7471 * b + 32768) >> 16);
      frame->data[1][y * frame->linesize[1] + x] = clamped(((-11056 * r - 21712 * g + 32768 * b + 32768) >> 16) + 128);
      frame->data[2][y * frame->linesize[2] + x] = clamped(((32768 * r - 27440 * g - 5328 * b + 32768) >> 16) + 128);
    }
  }
}

static int encode(AVCodecContext *context, AVFrame *frame, AVPacket *packet, const uint8_t *rgb, int quality) {
  context->width = frame->width;
  context->height = frame->height;
  context->time_base = (AVRational){1, 25};
  context->pix_fmt = AV_PIX_FMT_YUVJ444P;
  context->color_range = AVCOL_RANGE_JPEG;
  context->thread_count = 1;
  context->flags |= AV_CODEC_FLAG_QSCALE | AV_CODEC_FLAG_BITEXACT;
  context->global_quality = quality * FF_QP2LAMBDA;
  int status = avcodec_open2(context, context->codec, NULL);
  if (status < 0) return status;
  frame->format = AV_PIX_FMT_YUVJ444P;
  frame->color_range = AVCOL_RANGE_JPEG;
  frame->quality = quality * FF_QP2LAMBDA;
  frame->pts = 0;
  if ((status = av_frame_get_buffer(frame, 0)) < 0) return status;
  fill(frame, rgb);
  if ((status = avcodec_send_frame(context, frame)) < 0) return status;
  if ((status = avcodec_send_frame(context, NULL)) < 0) return status;
  return avcodec_receive_packet(context, packet);
}

int clibpicture_encode_jpeg(const uint8_t *rgb, int width, int height, int quality, uint8_t **out, size_t *out_size,
                            char *message, size_t message_size) {
  *out = NULL;
  *out_size = 0;
  if (message_size > 0) message[0] = 0;
  const AVCodec *codec = avcodec_find_encoder(AV_CODEC_ID_MJPEG);
  AVCodecContext *context = codec ? avcodec_alloc_context3(codec) : NULL;
  AVFrame *frame = av_frame_alloc();
  AVPacket *packet = av_packet_alloc();
  int status = AVERROR(ENOMEM);
  if (context && frame && packet && width > 0 && height > 0) {
    frame->width = width;
    frame->height = height;
    status = encode(context, frame, packet, rgb, quality);
  }
  if (status >= 0 && (*out = malloc((size_t)packet->size))) {
    memcpy(*out, packet->data, (size_t)packet->size);
    *out_size = (size_t)packet->size;
  } else if (message_size > 0) {
    if (!codec) snprintf(message, message_size, "this libavcodec writes no JPEG");
    else av_strerror(status < 0 ? status : AVERROR(ENOMEM), message, message_size);
  }
  av_packet_free(&packet);
  av_frame_free(&frame);
  avcodec_free_context(&context);
  return *out ? 0 : 1;
}
