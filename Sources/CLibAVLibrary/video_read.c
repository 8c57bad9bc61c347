#include <stdlib.h>
#include <time.h>

#include "log.h"
#include "video.h"

// ---- What it costs ----

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static int send_packet(clibav_video *video, const AVPacket *packet) {
  double start = now();
  int status = avcodec_send_packet(video->media.decoder, packet);
  video->cost.decoding += now() - start;
  video->cost.packets += packet != NULL;
  return status;
}

// The next frame that the decoder has ready, in `video->frame`.
static int take_frame(clibav_video *video) {
  double start = now();
  int status = avcodec_receive_frame(video->media.decoder, video->frame);
  video->cost.decoding += now() - start;
  video->cost.frames += status >= 0;
  return status;
}

// ---- Packets ----

static void rewind_demuxer(clibav_video *video) {
  AVFormatContext *format = video->media.format;
  if (av_seek_frame(format, video->media.stream->index, INT64_MIN, AVSEEK_FLAG_BACKWARD) < 0) {
    avformat_seek_file(format, -1, INT64_MIN, 0, INT64_MAX, AVSEEK_FLAG_BYTE);
  }
}

// The place of a packet that was read again; -1 when it is none that was listed.
static int64_t find_entry(const clibav_video *video, const AVPacket *packet, int64_t from) {
  for (int64_t step = 0; step < video->entry_count; step++) {
    int64_t index = (from + step) % video->entry_count;
    // Decoding times are reckoned anew after a jump and need not be the same.
    if (video->entries[index].pts == packet->pts && video->entries[index].size == packet->size) return index;
  }
  return -1;
}

// Reads listed packet `index` again: by a jump where it lies far ahead or behind.
static int read_again(clibav_video *video, int64_t index, AVPacket *packet) {
  const int64_t near = 64;
  int has_jumped = 0, has_rewound = 0;
  if (video->demux_cursor < 0 || index < video->demux_cursor || index > video->demux_cursor + near) {
    int64_t time = video->entries[index].dts != AV_NOPTS_VALUE ? video->entries[index].dts : video->entries[index].pts;
    has_jumped = av_seek_frame(video->media.format, video->media.stream->index, time, AVSEEK_FLAG_BACKWARD) >= 0;
    if (!has_jumped) {
      rewind_demuxer(video);
      has_rewound = 1;
    }
    video->demux_cursor = 0;
  }
  for (;;) {
    int status = media_next(&video->media, packet);
    int64_t found = status < 0 ? INT64_MAX : find_entry(video, packet, video->demux_cursor);
    if (found == index) {
      video->demux_cursor = index + 1;
      return 0;
    }
    if (status >= 0) av_packet_unref(packet);
    if (found > index) {
      // It landed too far ahead, or the packet did not come.
      if (has_rewound) return status < 0 ? status : AVERROR_INVALIDDATA;
      rewind_demuxer(video);
      has_rewound = 1;
      video->demux_cursor = 0;
    } else if (found >= 0) {
      video->demux_cursor = found + 1;
    }
  }
}

static int fetch(clibav_video *video, int64_t index, AVPacket *packet) {
  if (video->keeps_packets) return av_packet_ref(packet, video->entries[index].packet);
  return read_again(video, index, packet);
}

// ---- Decoding ----

typedef struct {
  clibav_video *video;
  const int64_t *wanted;
  int64_t count;
  // Frames handed over so far, and which.
  int64_t done;
  uint8_t *is_done;
  clibav_frame_callback callback;
  void *context;
  int status, has_stopped;
  // The last frame, in shown order, that came since the last jump.
  int64_t latest;
  // A frame came that was not listed, or one that was wanted did not come: only a full decode is sure.
  int is_strange, is_full;
  char *message;
  size_t size;
} reading;

static int64_t position_of(const reading *reading, int64_t index) {
  int64_t low = 0, high = reading->count;
  while (low < high) {
    int64_t middle = (low + high) / 2;
    if (reading->wanted[middle] < index) low = middle + 1;
    else high = middle;
  }
  return low < reading->count && reading->wanted[low] == index ? low : -1;
}

// Hands a decoded frame over if it is wanted. `index` counts from the first frame of the range.
static void offer(reading *reading, const AVFrame *frame, int64_t index) {
  int64_t position = position_of(reading, index);
  if (position < 0 || reading->is_done[position] || reading->has_stopped || reading->status != CLIBAV_OK) return;
  if (frame->decode_error_flags || (frame->flags & AV_FRAME_FLAG_CORRUPT)) {
    reading->is_strange = 1;
    if (!reading->is_full) return;
    set_message(reading->message, reading->size, "a frame is damaged");
    reading->status = CLIBAV_DAMAGED;
    return;
  }
  clibav_image image;
  double start = now();
  reading->status = video_picture(reading->video, frame, &image, reading->message, reading->size);
  reading->video->cost.converting += now() - start;
  if (reading->status != CLIBAV_OK) return;
  reading->is_done[position] = 1;
  reading->done++;
  if (reading->callback(reading->context, position, &image) != 0) reading->has_stopped = 1;
  clibav_image_free(&image);
}

static int64_t frame_time(const AVFrame *frame) {
  return frame->pts != AV_NOPTS_VALUE ? frame->pts : frame->best_effort_timestamp;
}

// Takes what the decoder has ready. A negative number is an error of libav.
static int receive(reading *reading) {
  clibav_video *video = reading->video;
  for (;;) {
    int status = take_frame(video);
    if (status == AVERROR(EAGAIN) || status == AVERROR_EOF) return 0;
    if (status < 0) return status;
    int64_t index = video_index_of(video, frame_time(video->frame));
    if (index < 0 && !(video->frame->flags & AV_FRAME_FLAG_DISCARD)) reading->is_strange = 1;
    if (index >= 0) offer(reading, video->frame, index - video->first);
    if (index - video->first > reading->latest) reading->latest = index - video->first;
    av_frame_unref(video->frame);
  }
}

static int is_wanted(const reading *reading, int64_t entry) {
  int64_t index = video_index_of(reading->video, reading->video->entries[entry].pts);
  int64_t position = index < 0 ? -1 : position_of(reading, index - reading->video->first);
  return position >= 0 && !reading->is_done[position];
}

// Whether the decoder can leave out frames that no other refers to. Not HEVC's: there a "non-reference" frame
// may still serve those of a higher temporal layer.
static int can_skip(enum AVCodecID codec) {
  return codec == AV_CODEC_ID_H264 || codec == AV_CODEC_ID_MPEG4 || codec == AV_CODEC_ID_MPEG2VIDEO
         || codec == AV_CODEC_ID_MPEG1VIDEO || codec == AV_CODEC_ID_VP8;
}

// Sends the next listed packet (or the end) and takes the frames that come.
static int step(reading *reading) {
  clibav_video *video = reading->video;
  AVPacket *packet = av_packet_alloc();
  if (!packet) return AVERROR(ENOMEM);
  int64_t index = video->cursor;
  int status = fetch(video, index, packet);
  if (status >= 0) {
    int is_needed = !can_skip(video->media.decoder->codec_id) || is_wanted(reading, index);
    video->media.decoder->skip_frame = is_needed ? AVDISCARD_DEFAULT : AVDISCARD_NONREF;
    status = send_packet(video, packet);
    video->cursor = index + 1;
  }
  av_packet_free(&packet);
  // A damaged packet matters only if a wanted frame is missing in the end.
  if (status < 0 && status != AVERROR_INVALIDDATA) return status;
  status = receive(reading);
  return status == AVERROR_INVALIDDATA ? 0 : status;
}

static void drain(reading *reading) {
  clibav_video *video = reading->video;
  send_packet(video, NULL);
  while (receive(reading) < 0 && reading->status == CLIBAV_OK) {
  }
  avcodec_flush_buffers(video->media.decoder);
  video->cursor = -1;
}

// The last key packet, in decoding order, from which a shown frame can be decoded.
static int64_t key_before(const clibav_video *video, int64_t shown) {
  int64_t entry = video->order[shown], time = video->entries[entry].pts;
  // Pictures that follow a key frame in the stream but are shown before it need the group before it.
  while (entry > 0 && !(video->entries[entry].is_key && video->entries[entry].pts <= time)) entry--;
  return entry;
}

static int64_t next_undone(const reading *reading, int64_t from) {
  while (from < reading->count && reading->is_done[from]) from++;
  return from;
}

// Whether to end here instead of waiting for the decoder's delay: the next wanted frame lies past a key
// frame.
static int is_group_done(const reading *reading, int64_t next, int64_t entry) {
  const clibav_video *video = reading->video;
  if (video->never_drains || video->cursor <= entry) return 0;
  int64_t after = next_undone(reading, next + 1);
  return after == reading->count || key_before(video, video->first + reading->wanted[after]) >= video->cursor;
}

// Decodes from the cursor until wanted frame `next` has come. Sets `is_strange` where it does not.
static int read_one(reading *reading, int64_t next) {
  clibav_video *video = reading->video;
  int64_t entry = video->order[video->first + reading->wanted[next]];
  while (!reading->is_done[next] && !reading->is_strange) {
    if (reading->status != CLIBAV_OK || reading->has_stopped) return 0;
    int is_early = is_group_done(reading, next, entry);
    if (is_early || video->cursor == video->entry_count) {
      drain(reading);
      if (reading->is_done[next]) return 0;
      // From a key frame that is no clean start H.264's decoder gives up its last frames only one by one.
      reading->is_strange = !is_early;
      video->never_drains = 1;
      return 0;
    }
    int status = step(reading);
    if (status < 0) return status;
    if (reading->latest > reading->wanted[next] && !reading->is_done[next]) reading->is_strange = 1;
  }
  return 0;
}

// Forward through the wanted frames, past whole groups of pictures where that saves decoding.
static int read_listed(reading *reading) {
  clibav_video *video = reading->video;
  int64_t next = 0;
  while ((next = next_undone(reading, next)) < reading->count) {
    int64_t key = key_before(video, video->first + reading->wanted[next]);
    // A frame behind the cursor is in the decoder already: it was wanted when its packet was sent.
    if (video->cursor < 0 || key > video->cursor) {
      avcodec_flush_buffers(video->media.decoder);
      video->cursor = key;
      reading->latest = -1;
    }
    int status = read_one(reading, next);
    if (status < 0 || reading->status != CLIBAV_OK || reading->has_stopped || reading->is_strange) return status;
  }
  return 0;
}

typedef struct {
  reading *reading;
  int64_t seen;
} counting;

static int take_by_count(void *context, AVFrame *frame) {
  counting *counting = context;
  reading *reading = counting->reading;
  const clibav_video *video = reading->video;
  // A list that begins in the middle of the film cannot be counted along from its beginning.
  int64_t index = video->is_partial ? video_index_of(video, frame_time(frame)) : counting->seen++;
  if (index >= 0) offer(reading, frame, index - video->first);
  return reading->status != CLIBAV_OK || reading->has_stopped || reading->done == reading->count;
}

int video_decode_all(clibav_video *video, video_take take, void *context, char *message, size_t size) {
  AVPacket *packet = av_packet_alloc();
  if (!packet) return CLIBAV_NO_MEMORY;
  rewind_demuxer(video);
  video->demux_cursor = video->cursor = -1;
  AVCodecContext *decoder = video->media.decoder;
  avcodec_flush_buffers(decoder);
  decoder->skip_frame = AVDISCARD_DEFAULT;
  int status = 0, is_over = 0, has_ended = 0, count = 0;
  while (!is_over) {
    if (!has_ended) has_ended = media_next(&video->media, packet) < 0;
    send_packet(video, has_ended ? NULL : packet);
    av_packet_unref(packet);
    while (!is_over && (status = take_frame(video)) >= 0) {
      count++;
      is_over = take(context, video->frame);
      av_frame_unref(video->frame);
    }
    if (has_ended && (status == AVERROR_EOF || status == AVERROR(EAGAIN))) is_over = 1;
  }
  av_packet_free(&packet);
  avcodec_flush_buffers(decoder);
  if (count > 0) return CLIBAV_OK;
  set_libav_message(message, size, AVERROR_INVALIDDATA);
  return CLIBAV_DAMAGED;
}

static int read_all(reading *reading) {
  counting counting = {reading, 0};
  reading->is_full = 1;
  int status = video_decode_all(reading->video, take_by_count, &counting, reading->message, reading->size);
  if (reading->status == CLIBAV_OK) reading->status = status;
  return 0;
}

int clibav_video_read(clibav_video *video, const int64_t *wanted, int64_t count, clibav_frame_callback callback,
                      void *context, char *message, size_t message_size) {
  log_begin();
  set_message(message, message_size, "");
  video->cursor = -1;
  for (int64_t i = 0; i < count; i++) {
    if (wanted[i] < 0 || wanted[i] >= video->info.frames || (i > 0 && wanted[i] <= wanted[i - 1])) {
      set_message(message, message_size, "frame numbers out of range");
      return CLIBAV_UNSUPPORTED;
    }
  }
  reading reading = {.video = video, .wanted = wanted, .count = count, .is_done = calloc((size_t)count + 1, 1),
                     .callback = callback, .context = context, .latest = -1, .message = message, .size = message_size};
  if (!reading.is_done) return CLIBAV_NO_MEMORY;
  int status = video->by_count ? read_all(&reading) : read_listed(&reading);
  if (reading.is_strange && reading.status == CLIBAV_OK && !reading.has_stopped) status = read_all(&reading);
  if (status < 0) set_libav_message(message, message_size, status);
  int result = status < 0 ? CLIBAV_DAMAGED : reading.status;
  if (result == CLIBAV_OK && !reading.has_stopped && reading.done < count) {
    set_libav_message(message, message_size, AVERROR_INVALIDDATA);
    result = CLIBAV_DAMAGED;
  }
  free(reading.is_done);
  return result;
}

// ---- Opening and closing ----

int clibav_video_open(const char *path, double start, double end, int64_t max_pixels, clibav_video **out,
                      clibav_video_info *info, char *message, size_t message_size) {
  log_begin();
  set_message(message, message_size, "");
  *out = NULL;
  clibav_video *video = calloc(1, sizeof *video);
  if (!video) return CLIBAV_NO_MEMORY;
  video->cursor = video->demux_cursor = -1;
  video->keeps_packets = 1;
  video->frame = av_frame_alloc();
  int status = video->frame ? CLIBAV_OK : CLIBAV_NO_MEMORY;
  if (status == CLIBAV_OK) {
    status = media_open(&video->media, path, AVMEDIA_TYPE_VIDEO, max_pixels, message, message_size);
  }
  if (status == CLIBAV_OK) status = video_list(video, start, end, message, message_size);
  if (status != CLIBAV_OK) {
    clibav_video_close(video);
    return status;
  }
  *info = video->info;
  *out = video;
  return CLIBAV_OK;
}

const int64_t *clibav_video_times(const clibav_video *video) { return video->times + video->first; }

clibav_video_cost clibav_video_cost_of(const clibav_video *video) { return video->cost; }

void clibav_video_close(clibav_video *video) {
  if (!video) return;
  for (int64_t i = 0; i < video->entry_count; i++) av_packet_free(&video->entries[i].packet);
  free(video->entries);
  free(video->order);
  free(video->times);
  av_frame_free(&video->frame);
  sws_freeContext(video->scaler);
  media_close(&video->media);
  free(video);
}
