#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/avstring.h>
#include <libavutil/display.h>
#include <libavutil/pixdesc.h>
#include <libavutil/opt.h>
#include <libswresample/swresample.h>
#include <libswscale/swscale.h>
#include <stdlib.h>
#include <string.h>

#include "clibmedia.h"
#include "log.h"

typedef struct {
  AVStream *stream;
  AVCodecContext *encoder;
  AVFrame *frame;
  // Ticks of the encoder's time base already given to it.
  int64_t next;
} track;

struct clibav_writer {
  AVFormatContext *format;
  track video, sound;
  struct SwsContext *scaler;
  struct SwrContext *converter;
  // Samples that do not fill a frame of the encoder yet.
  float *pending;
  int64_t pending_count, pending_capacity;
  AVPacket *packet;
  int has_header;
};

static int fail(int status, char *message, size_t size) {
  set_libav_message(message, size, status);
  return status == AVERROR(ENOMEM) ? CLIBAV_NO_MEMORY : CLIBAV_NO_FILE;
}

int clibav_has_encoder(const char *name) { return avcodec_find_encoder_by_name(name) != NULL; }

int clibav_writer_open(const char *path, const char *container, clibav_writer **out, char *message,
                       size_t message_size) {
  log_begin();
  set_message(message, message_size, "");
  clibav_writer *writer = *out = calloc(1, sizeof *writer);
  if (!writer) return CLIBAV_NO_MEMORY;
  char *url = av_asprintf("file:%s", path);
  writer->packet = av_packet_alloc();
  int status = url && writer->packet ? avformat_alloc_output_context2(&writer->format, NULL, container, url)
                                     : AVERROR(ENOMEM);
  // No dates and no version names: equal frames give equal files.
  if (status >= 0) writer->format->flags |= AVFMT_FLAG_BITEXACT;
  if (status >= 0 && !(writer->format->oformat->flags & AVFMT_NOFILE)) {
    status = avio_open(&writer->format->pb, url, AVIO_FLAG_WRITE);
  }
  av_free(url);
  if (status >= 0) return CLIBAV_OK;
  clibav_writer_close(writer);
  *out = NULL;
  return fail(status, message, message_size);
}

static int open_track(clibav_writer *writer, track *track, const char *name, const char *options, char *message,
                      size_t size) {
  AVCodecContext *encoder = track->encoder;
  encoder->thread_count = 1;
  encoder->flags |= AV_CODEC_FLAG_BITEXACT;
  if (writer->format->oformat->flags & AVFMT_GLOBALHEADER) encoder->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  AVDictionary *settings = NULL;
  int status = options ? av_dict_parse_string(&settings, options, "=", ":", 0) : 0;
  if (status >= 0) status = avcodec_open2(encoder, avcodec_find_encoder_by_name(name), &settings);
  av_dict_free(&settings);
  if (status >= 0) track->stream = avformat_new_stream(writer->format, NULL);
  if (status >= 0 && !track->stream) status = AVERROR(ENOMEM);
  if (status >= 0) {
    track->stream->time_base = encoder->time_base;
    status = avcodec_parameters_from_context(track->stream->codecpar, encoder);
  }
  return status < 0 ? fail(status, message, size) : CLIBAV_OK;
}

static int new_track(track *track, const char *codec, char *message, size_t size) {
  const AVCodec *encoder = avcodec_find_encoder_by_name(codec);
  if (!encoder) {
    set_message(message, size, "this build of libavcodec has no such encoder");
    return CLIBAV_UNSUPPORTED;
  }
  track->encoder = avcodec_alloc_context3(encoder);
  track->frame = av_frame_alloc();
  return track->encoder && track->frame ? CLIBAV_OK : CLIBAV_NO_MEMORY;
}

static int set_turns(AVStream *stream, int turns) {
  if (turns % 4 == 0) return 0;
  int32_t *matrix = (int32_t *)av_stream_new_side_data(stream, AV_PKT_DATA_DISPLAYMATRIX, 9 * sizeof(int32_t));
  if (!matrix) return AVERROR(ENOMEM);
  av_display_rotation_set(matrix, 90.0 * turns);
  return 0;
}

int clibav_writer_add_video(clibav_writer *writer, const char *codec, const char *pixel_format, const char *options,
                            const clibav_video_settings *settings, char *message, size_t message_size) {
  log_begin();
  int status = new_track(&writer->video, codec, message, message_size);
  if (status != CLIBAV_OK) return status;
  AVCodecContext *encoder = writer->video.encoder;
  encoder->width = settings->width;
  encoder->height = settings->height;
  encoder->time_base = (AVRational){settings->tick_num, settings->tick_den};
  encoder->pix_fmt = av_get_pix_fmt(pixel_format);
  encoder->gop_size = settings->key_interval;
  encoder->max_b_frames = settings->b_frames;
  status = open_track(writer, &writer->video, codec, options, message, message_size);
  if (status != CLIBAV_OK) return status;
  AVFrame *frame = writer->video.frame;
  frame->width = settings->width;
  frame->height = settings->height;
  frame->format = encoder->pix_fmt;
  int result = set_turns(writer->video.stream, settings->turns);
  if (result >= 0) result = av_frame_get_buffer(frame, 0);
  int flags = SWS_BICUBIC | SWS_FULL_CHR_H_INP | SWS_ACCURATE_RND | SWS_BITEXACT;
  writer->scaler = sws_getContext(frame->width, frame->height, AV_PIX_FMT_RGB24, frame->width, frame->height,
                                  frame->format, flags, NULL, NULL, NULL);
  if (result >= 0 && !writer->scaler) result = AVERROR(EINVAL);
  return result < 0 ? fail(result, message, message_size) : CLIBAV_OK;
}

int clibav_writer_add_sound(clibav_writer *writer, const char *codec, int rate, int64_t bit_rate, char *message,
                            size_t message_size) {
  log_begin();
  int status = new_track(&writer->sound, codec, message, message_size);
  if (status != CLIBAV_OK) return status;
  AVCodecContext *encoder = writer->sound.encoder;
  const enum AVSampleFormat *formats = encoder->codec->sample_fmts;
  AVChannelLayout mono = AV_CHANNEL_LAYOUT_MONO;
  encoder->sample_fmt = formats ? formats[0] : AV_SAMPLE_FMT_FLTP;
  encoder->sample_rate = rate;
  encoder->time_base = (AVRational){1, rate};
  encoder->bit_rate = bit_rate;
  av_channel_layout_copy(&encoder->ch_layout, &mono);
  status = open_track(writer, &writer->sound, codec, NULL, message, message_size);
  if (status != CLIBAV_OK) return status;
  int result = swr_alloc_set_opts2(&writer->converter, &mono, encoder->sample_fmt, rate, &mono, AV_SAMPLE_FMT_FLT,
                                   rate, 0, NULL);
  if (result >= 0) result = swr_init(writer->converter);
  return result < 0 ? fail(result, message, message_size) : CLIBAV_OK;
}

int clibav_writer_start(clibav_writer *writer, char *message, size_t message_size) {
  log_begin();
  AVDictionary *options = NULL;
  // The index goes to the front, where a reader finds it at once.
  if (strcmp(writer->format->oformat->name, "mp4") == 0) av_dict_set(&options, "movflags", "+faststart", 0);
  int status = avformat_write_header(writer->format, &options);
  av_dict_free(&options);
  if (status < 0) return fail(status, message, message_size);
  writer->has_header = 1;
  return CLIBAV_OK;
}

// Gives a frame (NULL = the end) to the encoder and writes what comes out.
static int encode(clibav_writer *writer, track *track, const AVFrame *frame) {
  int status = avcodec_send_frame(track->encoder, frame);
  while (status >= 0) {
    status = avcodec_receive_packet(track->encoder, writer->packet);
    if (status < 0) break;
    // Players drop a last frame of no duration. The others last until the next one.
    if (writer->packet->duration == 0) writer->packet->duration = 1;
    av_packet_rescale_ts(writer->packet, track->encoder->time_base, track->stream->time_base);
    writer->packet->stream_index = track->stream->index;
    status = av_interleaved_write_frame(writer->format, writer->packet);
  }
  return status == AVERROR(EAGAIN) || status == AVERROR_EOF ? 0 : status;
}

int clibav_writer_frame(clibav_writer *writer, const uint8_t *pixels, int64_t time, char *message,
                        size_t message_size) {
  log_begin();
  AVFrame *frame = writer->video.frame;
  int status = av_frame_make_writable(frame);
  if (status >= 0) {
    const uint8_t *planes[4] = {pixels, NULL, NULL, NULL};
    int strides[4] = {3 * frame->width, 0, 0, 0};
    sws_scale(writer->scaler, planes, strides, 0, frame->height, frame->data, frame->linesize);
    frame->pts = time;
    status = encode(writer, &writer->video, frame);
  }
  return status < 0 ? fail(status, message, message_size) : CLIBAV_OK;
}

static int encode_samples(clibav_writer *writer, const float *samples, int count) {
  AVCodecContext *encoder = writer->sound.encoder;
  AVFrame *frame = writer->sound.frame;
  av_frame_unref(frame);
  frame->nb_samples = count;
  frame->format = encoder->sample_fmt;
  frame->sample_rate = encoder->sample_rate;
  int status = av_channel_layout_copy(&frame->ch_layout, &encoder->ch_layout);
  if (status >= 0) status = av_frame_get_buffer(frame, 0);
  if (status >= 0) {
    const uint8_t *in = (const uint8_t *)samples;
    status = swr_convert(writer->converter, frame->extended_data, count, &in, count);
  }
  if (status < 0) return status;
  frame->pts = writer->sound.next;
  writer->sound.next += count;
  return encode(writer, &writer->sound, frame);
}

// Encodes whole frames of the pending samples, and at the end the rest too.
static int flush_samples(clibav_writer *writer, int is_end) {
  int size = writer->sound.encoder->frame_size > 0 ? writer->sound.encoder->frame_size : 1024;
  int64_t done = 0;
  int status = 0;
  while (status >= 0 && (writer->pending_count - done >= size || (is_end && done < writer->pending_count))) {
    int64_t rest = writer->pending_count - done;
    int count = rest < size ? (int)rest : size;
    status = encode_samples(writer, writer->pending + done, count);
    done += count;
  }
  writer->pending_count -= done;
  if (done > 0) memmove(writer->pending, writer->pending + done, (size_t)writer->pending_count * sizeof(float));
  return status;
}

int clibav_writer_sound(clibav_writer *writer, const float *samples, int64_t count, char *message,
                        size_t message_size) {
  log_begin();
  if (writer->pending_count + count > writer->pending_capacity) {
    int64_t capacity = writer->pending_count + count;
    float *pending = realloc(writer->pending, (size_t)capacity * sizeof *pending);
    if (!pending) return CLIBAV_NO_MEMORY;
    writer->pending = pending;
    writer->pending_capacity = capacity;
  }
  if (count > 0) memcpy(writer->pending + writer->pending_count, samples, (size_t)count * sizeof(float));
  writer->pending_count += count;
  int status = flush_samples(writer, 0);
  return status < 0 ? fail(status, message, message_size) : CLIBAV_OK;
}

int clibav_writer_finish(clibav_writer *writer, char *message, size_t message_size) {
  log_begin();
  int status = 0;
  if (writer->video.encoder) status = encode(writer, &writer->video, NULL);
  if (status >= 0 && writer->sound.encoder) status = flush_samples(writer, 1);
  if (status >= 0 && writer->sound.encoder) status = encode(writer, &writer->sound, NULL);
  if (status >= 0) status = av_write_trailer(writer->format);
  if (status >= 0 && writer->format->pb) status = avio_closep(&writer->format->pb);
  return status < 0 ? fail(status, message, message_size) : CLIBAV_OK;
}

void clibav_writer_close(clibav_writer *writer) {
  if (!writer) return;
  if (writer->format) {
    avio_closep(&writer->format->pb);
    avformat_free_context(writer->format);
  }
  track *tracks[2] = {&writer->video, &writer->sound};
  for (int i = 0; i < 2; i++) {
    avcodec_free_context(&tracks[i]->encoder);
    av_frame_free(&tracks[i]->frame);
  }
  sws_freeContext(writer->scaler);
  swr_free(&writer->converter);
  av_packet_free(&writer->packet);
  free(writer->pending);
  free(writer);
}
