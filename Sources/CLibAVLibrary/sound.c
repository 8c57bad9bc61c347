#include <libavutil/opt.h>
#include <libswresample/swresample.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "demux.h"
#include "log.h"

// Sound on its way from a decoder to mono samples at another rate.
typedef struct {
  media media;
  int rate;
  // Seconds from the file's beginning at which the first sample of `out` stands: a whole number, so that any
  // part of a file falls on the same grid of samples.
  int64_t base;
  struct SwrContext *resampler;
  AVChannelLayout layout;
  int format, source_rate;
  // Where the next sample of the source belongs, counted from the file's beginning; -1 before the first.
  int64_t next;
  // Samples wanted in `out`; INT64_MAX = all.
  int64_t most;
  float *samples;
  int64_t count, capacity;
  int64_t packets, bad_packets, source_samples;
} reader;

static int reserve(reader *reader, int64_t more) {
  if (reader->count + more <= reader->capacity) return 0;
  int64_t capacity = 2 * reader->capacity > reader->count + more ? 2 * reader->capacity : reader->count + more + 4096;
  float *samples = realloc(reader->samples, (size_t)capacity * sizeof *samples);
  if (!samples) return AVERROR(ENOMEM);
  reader->samples = samples;
  reader->capacity = capacity;
  return 0;
}

static int add_silence(reader *reader, int64_t count) {
  // A sound that begins hours after its file has a damaged time.
  if (count > (int64_t)reader->rate * 6 * 3600) return AVERROR_INVALIDDATA;
  if (count <= 0) return 0;
  int status = reserve(reader, count);
  if (status < 0) return status;
  memset(reader->samples + reader->count, 0, (size_t)count * sizeof(float));
  reader->count += count;
  return 0;
}

// Sends `count` samples (0 planes = the end) through the resampler.
static int convert(reader *reader, const uint8_t **planes, int count) {
  int room = swr_get_out_samples(reader->resampler, count) + 16;
  int status = reserve(reader, room);
  if (status < 0) return status;
  uint8_t *out = (uint8_t *)(reader->samples + reader->count);
  status = swr_convert(reader->resampler, &out, room, planes, count);
  if (status > 0) reader->count += status;
  return status;
}

// Every channel counts alike; nothing but the rate and the number of channels changes.
static int open_resampler(reader *reader, const AVFrame *frame) {
  AVChannelLayout mono = AV_CHANNEL_LAYOUT_MONO, known = frame->ch_layout;
  int channels = frame->ch_layout.nb_channels;
  if (known.order == AV_CHANNEL_ORDER_UNSPEC) av_channel_layout_default(&known, channels);
  swr_free(&reader->resampler);
  int status = swr_alloc_set_opts2(&reader->resampler, &mono, AV_SAMPLE_FMT_FLT, reader->rate, &known, frame->format,
                                   frame->sample_rate, 0, NULL);
  double *matrix = calloc((size_t)channels, sizeof *matrix);
  if (status < 0 || !matrix) {
    free(matrix);
    return status < 0 ? status : AVERROR(ENOMEM);
  }
  for (int i = 0; i < channels; i++) matrix[i] = 1.0 / channels;
  av_opt_set_sample_fmt(reader->resampler, "internal_sample_fmt", AV_SAMPLE_FMT_FLTP, 0);
  av_opt_set_int(reader->resampler, "filter_size", 64, 0);
  av_opt_set_double(reader->resampler, "cutoff", 0.97, 0);
  status = swr_set_matrix(reader->resampler, matrix, channels);
  free(matrix);
  return status < 0 ? status : swr_init(reader->resampler);
}

static int has_changed(const reader *reader, const AVFrame *frame) {
  return reader->format != frame->format || reader->source_rate != frame->sample_rate
         || av_channel_layout_compare(&reader->layout, &frame->ch_layout) != 0;
}

static int follow(reader *reader, const AVFrame *frame) {
  if (reader->resampler && !has_changed(reader, frame)) return 0;
  int status = reader->resampler ? convert(reader, NULL, 0) : 0;
  if (status >= 0) status = open_resampler(reader, frame);
  if (status < 0) return status;
  reader->format = frame->format;
  reader->source_rate = frame->sample_rate;
  av_channel_layout_uninit(&reader->layout);
  return av_channel_layout_copy(&reader->layout, &frame->ch_layout);
}

// How many samples after the base (before it: negative) the frame begins.
static int64_t place(const reader *reader, const AVFrame *frame) {
  int64_t time = frame->best_effort_timestamp;
  if (time == AV_NOPTS_VALUE) return 0;
  AVRational tick = reader->media.stream->time_base, sample = {1, frame->sample_rate};
  return av_rescale_q(time - media_origin(&reader->media), tick, sample) - reader->base * frame->sample_rate;
}

static int take(reader *reader, const AVFrame *frame) {
  int64_t place_in_file = reader->next < 0 ? place(reader, frame) : 0;
  int skipped = 0;
  int status = follow(reader, frame);
  if (status < 0) return status;
  if (reader->next < 0) {
    // A frame that ends before the base only prepares the decoder.
    if (place_in_file + frame->nb_samples <= 0) return 0;
    if (place_in_file < 0) skipped = (int)-place_in_file;
    else status = add_silence(reader, av_rescale(place_in_file, reader->rate, frame->sample_rate));
    if (status < 0) return status;
    reader->next = 0;
  }
  int is_planar = av_sample_fmt_is_planar(frame->format), channels = frame->ch_layout.nb_channels;
  int stride = av_get_bytes_per_sample(frame->format) * (is_planar ? 1 : channels);
  const uint8_t *planes[AV_NUM_DATA_POINTERS * 8] = {0};
  int count = is_planar ? channels : 1;
  if (count > (int)(sizeof planes / sizeof *planes)) return AVERROR_PATCHWELCOME;
  for (int i = 0; i < count; i++) planes[i] = frame->extended_data[i] + (size_t)skipped * stride;
  reader->source_samples += frame->nb_samples - skipped;
  return convert(reader, planes, frame->nb_samples - skipped);
}

static int receive(reader *reader, AVFrame *frame) {
  int status;
  while ((status = avcodec_receive_frame(reader->media.decoder, frame)) >= 0) {
    status = take(reader, frame);
    av_frame_unref(frame);
    if (status < 0) return status;
  }
  if (status == AVERROR_INVALIDDATA) {
    reader->bad_packets++;
    return 0;
  }
  return status == AVERROR(EAGAIN) || status == AVERROR_EOF ? 0 : status;
}

static int decode(reader *reader, int64_t *end, int *has_ended) {
  AVPacket *packet = av_packet_alloc();
  AVFrame *frame = av_frame_alloc();
  int status = packet && frame ? 0 : AVERROR(ENOMEM);
  while (status >= 0 && reader->count < reader->most) {
    status = media_next(&reader->media, packet);
    if (status < 0) break;
    reader->packets++;
    if (packet->pts != AV_NOPTS_VALUE) *end = packet->pts + packet->duration;
    int is_bad = packet->flags & AV_PKT_FLAG_CORRUPT;
    int sent = avcodec_send_packet(reader->media.decoder, packet);
    reader->bad_packets += is_bad || sent == AVERROR_INVALIDDATA;
    av_packet_unref(packet);
    status = sent < 0 && sent != AVERROR_INVALIDDATA ? sent : receive(reader, frame);
  }
  *has_ended = status == AVERROR_EOF;
  if (*has_ended) {
    avcodec_send_packet(reader->media.decoder, NULL);
    status = receive(reader, frame);
    if (status >= 0 && reader->resampler) status = convert(reader, NULL, 0);
  }
  av_packet_free(&packet);
  av_frame_free(&frame);
  return status;
}

// Leaves the samples from `start` to `end` seconds.
static void cut(reader *reader, double start, double end, clibav_sound *out) {
  int64_t first = start > 0 ? llround((start - (double)reader->base) * reader->rate) : 0;
  int64_t past = end >= 0 ? llround((end - (double)reader->base) * reader->rate) : reader->count;
  if (past > reader->count) past = reader->count;
  out->count = past > first ? past - first : 0;
  if (out->count > 0 && first > 0) {
    memmove(reader->samples, reader->samples + first, (size_t)out->count * sizeof(float));
  }
  out->samples = reader->samples;
  out->source_rate = reader->source_rate;
  out->source_channels = reader->layout.nb_channels;
  reader->samples = NULL;
}

// Whether decoding may begin anywhere and give the samples that a decoder which began at the beginning gives: lossless
// codecs, where timestamps count samples. Others fill bands with noise of their own drawing (AAC, Opus), and their place
// is only known to the millisecond in Matroska.
static int starts_anywhere(const reader *reader) {
  const AVCodecDescriptor *codec = avcodec_descriptor_get(reader->media.stream->codecpar->codec_id);
  AVRational tick = reader->media.stream->time_base;
  int64_t rate = reader->media.stream->codecpar->sample_rate;
  return codec && codec->props & AV_CODEC_PROP_LOSSLESS && !(codec->props & AV_CODEC_PROP_LOSSY) && rate > 0
         && tick.den % (tick.num * rate) == 0;
}

// Of other sounds all is decoded that lies within so many seconds of the beginning: the same samples as in a whole read.
#define FAR 120

static void jump(reader *reader, double start) {
  if (start < FAR && !starts_anywhere(reader)) return;
  // Two seconds before: one for the grid of whole seconds, one for decoders that need a run-up.
  int64_t base = start >= 2 ? (int64_t)floor(start) - 1 : 0;
  if (base <= 0) return;
  int64_t time = media_origin(&reader->media)
                 + av_rescale_q(base - 1, (AVRational){1, 1}, reader->media.stream->time_base);
  int index = reader->media.stream->index;
  if (av_seek_frame(reader->media.format, index, time, AVSEEK_FLAG_BACKWARD) < 0) return;
  avcodec_flush_buffers(reader->media.decoder);
  reader->base = base;
}

static const char after_end[] = "the part begins after the sound's end";

static int judge(const reader *reader, int status, int64_t end, int has_ended, char *message, size_t size) {
  if (status < 0) {
    set_libav_message(message, size, status);
    return status == AVERROR(ENOMEM) ? CLIBAV_NO_MEMORY : CLIBAV_DAMAGED;
  }
  if (reader->source_samples == 0 && reader->base > 0 && reader->bad_packets == 0) {
    set_message(message, size, after_end);
    return CLIBAV_NO_RANGE;
  }
  const char *problem = NULL;
  if (reader->source_samples == 0) problem = "it holds no sound samples";
  else if (reader->bad_packets * 100 > reader->packets) problem = "its sound is damaged";
  else if (has_ended && *log_container_error()) problem = log_container_error();
  else if (has_ended && media_is_short(&reader->media, end)) problem = "it ends before the time that its header tells";
  if (!problem) return CLIBAV_OK;
  set_message(message, size, reader->bad_packets > 0 && log_error_count() > 0 ? log_first_error() : problem);
  return CLIBAV_DAMAGED;
}

int clibav_sound_read(const char *path, int rate, double start, double end, clibav_sound *out, char *message,
                      size_t message_size) {
  log_begin();
  set_message(message, message_size, "");
  *out = (clibav_sound){NULL, 0, 0, 0};
  reader reader = {.rate = rate, .next = -1, .most = INT64_MAX};
  int status = media_open(&reader.media, path, AVMEDIA_TYPE_AUDIO, 0, message, message_size);
  if (status != CLIBAV_OK) return status;
  if (reader.rate <= 0) reader.rate = reader.media.decoder->sample_rate;
  jump(&reader, start);
  if (end >= 0) reader.most = llround((end - (double)reader.base + 0.1) * reader.rate);
  int64_t last = 0;
  int has_ended = 0;
  int result = decode(&reader, &last, &has_ended);
  status = judge(&reader, result, last, has_ended, message, message_size);
  if (status == CLIBAV_OK) {
    cut(&reader, start, end, out);
    if (out->count == 0) {
      set_message(message, message_size, has_ended && start > 0 ? after_end : "there is no sound in the asked time range");
      status = CLIBAV_NO_RANGE;
      clibav_sound_free(out);
    }
  }
  free(reader.samples);
  swr_free(&reader.resampler);
  av_channel_layout_uninit(&reader.layout);
  media_close(&reader.media);
  return status;
}

void clibav_sound_free(clibav_sound *sound) {
  free(sound->samples);
  sound->samples = NULL;
  sound->count = 0;
}
