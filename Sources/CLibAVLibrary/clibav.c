#include "clibav.h"

#include <libavcodec/avcodec.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "convert.h"
#include "log.h"

void clibav_image_free(clibav_image *image) {
  if (!image) return;
  free(image->pixels);
  image->pixels = NULL;
}

void clibav_version(char *text, size_t text_size) {
  unsigned version = avcodec_version();
  snprintf(text, text_size, "%u.%u.%u", version >> 16, (version >> 8) & 255, version & 255);
}

static enum AVCodecID codec_of(int format) {
  switch (format) {
    case CLIBAV_PNG: return AV_CODEC_ID_PNG;
    case CLIBAV_JPEG: return AV_CODEC_ID_MJPEG;
    case CLIBAV_WEBP: return AV_CODEC_ID_WEBP;
    case CLIBAV_GIF: return AV_CODEC_ID_GIF;
    case CLIBAV_BMP: return AV_CODEC_ID_BMP;
    case CLIBAV_TIFF: return AV_CODEC_ID_TIFF;
    default: return AV_CODEC_ID_NONE;
  }
}

static AVCodecContext *open_decoder(int format, int64_t max_pixels) {
  const AVCodec *codec = avcodec_find_decoder(codec_of(format));
  AVCodecContext *context = codec ? avcodec_alloc_context3(codec) : NULL;
  if (!context) return NULL;
  context->thread_count = 1;
  context->max_pixels = max_pixels;
  // Half a picture is worse than none: every sign of damage is an error.
  context->err_recognition = AV_EF_EXPLODE | AV_EF_CRCCHECK | AV_EF_BITSTREAM | AV_EF_BUFFER;
  if (avcodec_open2(context, codec, NULL) < 0) avcodec_free_context(&context);
  return context;
}

// Sends the whole file as one packet and takes the first frame.
static int decode_first(AVCodecContext *context, const uint8_t *data, size_t size, AVFrame *frame) {
  AVPacket *packet = av_packet_alloc();
  if (!packet || size > INT32_MAX - AV_INPUT_BUFFER_PADDING_SIZE || av_new_packet(packet, (int)size) < 0) {
    av_packet_free(&packet);
    return AVERROR(ENOMEM);
  }
  memcpy(packet->data, data, size);
  packet->flags |= AV_PKT_FLAG_KEY;
  int status = avcodec_send_packet(context, packet);
  if (status >= 0) status = avcodec_receive_frame(context, frame);
  if (status == AVERROR(EAGAIN)) {
    avcodec_send_packet(context, NULL);
    status = avcodec_receive_frame(context, frame);
  }
  av_packet_free(&packet);
  return status;
}

static int failure(int status, int64_t max_pixels, char *message, size_t message_size) {
  if (log_error_count() == 0 && status == AVERROR_EOF) set_message(message, message_size, "no image in the file");
  else set_libav_message(message, message_size, status);
  if (status == AVERROR(ENOMEM)) return CLIBAV_NO_MEMORY;
  if (status == AVERROR_PATCHWELCOME) return CLIBAV_UNSUPPORTED;
  unsigned width, height;
  int has_size = log_error_count() > 0 && sscanf(log_first_error(), "Picture size %ux%u", &width, &height) == 2;
  return has_size && (int64_t)width * height > max_pixels ? CLIBAV_TOO_LARGE : CLIBAV_DAMAGED;
}

// What a frame that came back without an error status may still tell.
static int is_damaged(const AVFrame *frame, int format) {
  if (frame->decode_error_flags || (frame->flags & AV_FRAME_FLAG_CORRUPT)) return 1;
  // These decoders go on after an error that they only log.
  return log_error_count() > 0 && (format == CLIBAV_GIF || format == CLIBAV_WEBP || format == CLIBAV_TIFF);
}

static int take_frame(const AVFrame *frame, int format, uint32_t ground, clibav_image *out) {
  out->width = frame->width;
  out->height = frame->height;
  out->pixels = malloc(3 * (size_t)frame->width * (size_t)frame->height);
  if (!out->pixels) return CLIBAV_NO_MEMORY;
  int status = convert_frame(frame, format == CLIBAV_WEBP ? YUV_WEBP : YUV_JPEG, ground, out);
  if (status != CLIBAV_OK) clibav_image_free(out);
  return status;
}

int clibav_decode_still(const uint8_t *data, size_t size, int format, int64_t max_pixels, uint32_t ground,
                        clibav_image *out, char *message, size_t message_size) {
  log_begin();
  *out = (clibav_image){0, 0, NULL};
  set_message(message, message_size, "");
  AVFrame *frame = av_frame_alloc();
  AVCodecContext *context = open_decoder(format, max_pixels);
  int result;
  if (!frame || !context) {
    set_message(message, message_size, "the decoder is not available");
    result = CLIBAV_UNSUPPORTED;
  } else {
    int status = decode_first(context, data, size, frame);
    if (status < 0) {
      result = failure(status, max_pixels, message, message_size);
    } else if (is_damaged(frame, format)) {
      result = failure(AVERROR_INVALIDDATA, max_pixels, message, message_size);
    } else {
      result = take_frame(frame, format, ground, out);
      if (result == CLIBAV_UNSUPPORTED) set_message(message, message_size, "its pixel format is not supported");
      if (result == CLIBAV_NO_MEMORY) set_message(message, message_size, "out of memory");
    }
  }
  avcodec_free_context(&context);
  av_frame_free(&frame);
  return result;
}
