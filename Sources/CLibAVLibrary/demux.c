#include "demux.h"

#include <libavutil/avstring.h>
#include <string.h>
#include <sys/stat.h>

#include "log.h"

static int fail(int status, const char *text, char *message, size_t size) {
  set_message(message, size, text);
  return status;
}

// Lists of other files: opening them would read what the caller did not name.
static int is_playlist(const AVInputFormat *format) {
  static const char *const names[] = {"hls", "concat", "dash", "sdp", "image2", "imf"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (strcmp(format->name, names[i]) == 0) return 1;
  }
  return 0;
}

int format_open(AVFormatContext **format, const char *path, char *message, size_t size) {
  struct stat about;
  if (stat(path, &about) != 0 || !S_ISREG(about.st_mode)) {
    return fail(CLIBAV_NO_FILE, "there is no such file", message, size);
  }
  if (about.st_size == 0) return fail(CLIBAV_DAMAGED, "the file is empty", message, size);
  char *url = av_asprintf("file:%s", path);
  AVDictionary *options = NULL;
  av_dict_set(&options, "protocol_whitelist", "file", 0);
  int status = url ? avformat_open_input(format, url, NULL, &options) : AVERROR(ENOMEM);
  av_dict_free(&options);
  av_free(url);
  if (status < 0) {
    set_libav_message(message, size, status);
    return status == AVERROR(EACCES) ? CLIBAV_NO_FILE : CLIBAV_DAMAGED;
  }
  if (is_playlist((*format)->iformat)) return fail(CLIBAV_UNSUPPORTED, "it only lists other files", message, size);
  status = avformat_find_stream_info(*format, NULL);
  if (status < 0) {
    set_libav_message(message, size, status);
    return CLIBAV_DAMAGED;
  }
  return CLIBAV_OK;
}

AVStream *media_stream(AVFormatContext *format, enum AVMediaType type) {
  for (unsigned i = 0; i < format->nb_streams; i++) {
    AVStream *stream = format->streams[i];
    int is_cover = stream->disposition & (AV_DISPOSITION_ATTACHED_PIC | AV_DISPOSITION_TIMED_THUMBNAILS);
    if (is_cover) stream->discard = AVDISCARD_ALL;
  }
  int index = av_find_best_stream(format, type, -1, -1, NULL, 0);
  if (index < 0) return NULL;
  AVStream *best = format->streams[index];
  if (best->discard != AVDISCARD_ALL) return best;
  for (unsigned i = 0; i < format->nb_streams; i++) {
    AVStream *stream = format->streams[i];
    if (stream->codecpar->codec_type == type && stream->discard != AVDISCARD_ALL) return stream;
  }
  return NULL;
}

static int open_decoder(media *media, int64_t max_pixels, char *message, size_t size) {
  const AVCodec *codec = avcodec_find_decoder(media->stream->codecpar->codec_id);
  if (!codec) {
    return fail(CLIBAV_UNSUPPORTED, avcodec_get_name(media->stream->codecpar->codec_id), message, size);
  }
  media->decoder = avcodec_alloc_context3(codec);
  if (!media->decoder) return fail(CLIBAV_NO_MEMORY, "out of memory", message, size);
  int status = avcodec_parameters_to_context(media->decoder, media->stream->codecpar);
  media->decoder->pkt_timebase = media->stream->time_base;
  // Items are decoded in parallel, so one thread each is best; it also keeps decoding in step with sending.
  media->decoder->thread_count = 1;
  if (max_pixels > 0) media->decoder->max_pixels = max_pixels;
  if (status >= 0) status = avcodec_open2(media->decoder, codec, NULL);
  if (status < 0) {
    set_libav_message(message, size, status);
    return CLIBAV_DAMAGED;
  }
  return CLIBAV_OK;
}

int media_open(media *media, const char *path, enum AVMediaType type, int64_t max_pixels, char *message, size_t size) {
  *media = (struct media){NULL, NULL, NULL};
  int status = format_open(&media->format, path, message, size);
  if (status == CLIBAV_OK) {
    media->stream = media_stream(media->format, type);
    if (!media->stream) {
      const char *text = type == AVMEDIA_TYPE_VIDEO ? "it has no moving pictures" : "it has no sound";
      status = fail(CLIBAV_NO_STREAM, text, message, size);
    }
  }
  if (status == CLIBAV_OK) {
    for (unsigned i = 0; i < media->format->nb_streams; i++) {
      if (media->format->streams[i] != media->stream) media->format->streams[i]->discard = AVDISCARD_ALL;
    }
    status = open_decoder(media, max_pixels, message, size);
  }
  if (status != CLIBAV_OK) media_close(media);
  return status;
}

void media_close(media *media) {
  avcodec_free_context(&media->decoder);
  avformat_close_input(&media->format);
  media->stream = NULL;
}

int64_t media_origin(const media *media) {
  int64_t start = media->format->start_time;
  return start == AV_NOPTS_VALUE ? 0 : av_rescale_q(start, AV_TIME_BASE_Q, media->stream->time_base);
}

int media_next(const media *media, AVPacket *packet) {
  for (;;) {
    int status = av_read_frame(media->format, packet);
    if (status < 0 || packet->stream_index == media->stream->index) return status;
    av_packet_unref(packet);
  }
}

int media_is_short(const media *media, int64_t end) {
  // Other containers have one duration for all streams, or none.
  static const char *const names[] = {"mov,mp4,m4a,3gp,3g2,mj2", "avi", "wav", "flac", "aiff", "caf", "w64"};
  int has_own = 0;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    has_own |= strcmp(media->format->iformat->name, names[i]) == 0;
  }
  int64_t promised = media->stream->duration;
  if (!has_own || promised == AV_NOPTS_VALUE || promised <= 0) return 0;
  int64_t start = media->stream->start_time == AV_NOPTS_VALUE ? 0 : media->stream->start_time;
  int64_t slack = av_rescale_q(200, (AVRational){1, 1000}, media->stream->time_base);
  if (slack < promised / 50) slack = promised / 50;
  return end - start < promised - slack;
}

int clibav_probe(const char *path, int *streams, char *message, size_t message_size) {
  log_begin();
  set_message(message, message_size, "");
  *streams = 0;
  AVFormatContext *format = NULL;
  int status = format_open(&format, path, message, message_size);
  if (status == CLIBAV_OK) {
    *streams = (media_stream(format, AVMEDIA_TYPE_VIDEO) ? 1 : 0) | (media_stream(format, AVMEDIA_TYPE_AUDIO) ? 2 : 0);
  }
  avformat_close_input(&format);
  return status;
}
