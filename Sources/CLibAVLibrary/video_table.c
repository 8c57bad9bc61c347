#include <libavutil/display.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "video.h"

// Packets of small films stay in memory, so that they are read once only.
static const int64_t memory_limit = 96 << 20;

static int no_memory(char *message, size_t size) {
  set_message(message, size, "out of memory");
  return CLIBAV_NO_MEMORY;
}

static int add_entry(clibav_video *video, video_entry entry) {
  if (video->entry_count == video->entry_capacity) {
    int64_t capacity = video->entry_capacity ? 2 * video->entry_capacity : 256;
    video_entry *entries = realloc(video->entries, (size_t)capacity * sizeof *entries);
    if (!entries) return CLIBAV_NO_MEMORY;
    video->entries = entries;
    video->entry_capacity = capacity;
  }
  video->entries[video->entry_count++] = entry;
  return CLIBAV_OK;
}

static void forget_packets(clibav_video *video) {
  for (int64_t i = 0; i < video->entry_count; i++) av_packet_free(&video->entries[i].packet);
  video->keeps_packets = 0;
}

// VP8 stores frames that are only referred to as packets of their own.
static int is_hidden(const clibav_video *video, const AVPacket *packet) {
  return video->media.stream->codecpar->codec_id == AV_CODEC_ID_VP8 && packet->size > 0 && !(packet->data[0] & 16);
}

static int add_packet(clibav_video *video, AVPacket *packet) {
  // A GIF's pictures build on one another, whatever its packets say.
  int is_gif = video->media.stream->codecpar->codec_id == AV_CODEC_ID_GIF;
  int is_key = (packet->flags & AV_PKT_FLAG_KEY) && (!is_gif || video->entry_count == 0);
  // Frames that the container wants decoded but not shown have no place in the shown order.
  int is_shown = !(packet->flags & AV_PKT_FLAG_DISCARD) && !is_hidden(video, packet);
  video->bytes += packet->size;
  if (video->keeps_packets && video->bytes > memory_limit) forget_packets(video);
  AVPacket *kept = NULL;
  if (video->keeps_packets && !(kept = av_packet_clone(packet))) return CLIBAV_NO_MEMORY;
  // Hidden ones are marked by a negative duration.
  video_entry entry = {packet->pts, packet->dts, is_shown ? packet->duration : -1, is_key, packet->size, kept};
  int status = add_entry(video, entry);
  if (status != CLIBAV_OK) av_packet_free(&kept);
  return status;
}

// Reads packets up to `end` (ticks). Sets `*needs_count` where they carry no presentation times.
static int scan(clibav_video *video, int64_t end, int *needs_count, char *message, size_t size) {
  AVPacket *packet = av_packet_alloc();
  if (!packet) return no_memory(message, size);
  int status, result = CLIBAV_OK;
  int64_t last = INT64_MIN;
  while ((status = media_next(&video->media, packet)) >= 0) {
    if (packet->flags & AV_PKT_FLAG_CORRUPT) {
      set_message(message, size, "a packet is cut short");
      result = CLIBAV_DAMAGED;
    } else if (packet->pts == AV_NOPTS_VALUE) {
      *needs_count = 1;
    } else {
      result = add_packet(video, packet);
      if (result != CLIBAV_OK) no_memory(message, size);
      if (packet->pts + packet->duration > last) last = packet->pts + packet->duration;
    }
    // No frame that begins before `end` is decoded after it.
    int is_past = packet->dts != AV_NOPTS_VALUE && packet->dts >= end;
    av_packet_unref(packet);
    if (result != CLIBAV_OK || *needs_count || is_past) break;
  }
  av_packet_free(&packet);
  if (result != CLIBAV_OK || *needs_count) return result;
  int is_cut = status != AVERROR_EOF && status < 0;
  const char *problem = log_container_error();
  if (!*problem && status < 0 && media_is_short(&video->media, last)) {
    problem = "it ends before the time that its header tells";
  }
  if (is_cut || (status < 0 && *problem)) {
    set_message(message, size, *problem ? problem : "it cannot be read to its end");
    return CLIBAV_DAMAGED;
  }
  return CLIBAV_OK;
}

static int by_time(const void *left, const void *right) {
  int64_t a = ((const video_entry *)left)->pts, b = ((const video_entry *)right)->pts;
  return (a > b) - (a < b);
}

// One shown frame on its way into the shown order: `dts` holds its place in decoding order.
static int put_in_order(clibav_video *video, video_entry *shown, int64_t count) {
  qsort(shown, (size_t)count, sizeof *shown, by_time);
  for (int64_t i = 1; i < count; i++) {
    if (shown[i].pts == shown[i - 1].pts) return 0;
  }
  for (int64_t i = 0; i < count; i++) {
    video->times[i] = shown[i].pts;
    video->order[i] = shown[i].dts;
  }
  return 1;
}

static int64_t guessed_duration(const clibav_video *video, int64_t count) {
  const video_entry *last = &video->entries[video->order[count - 1]];
  if (last->duration > 0) return last->duration;
  if (count > 1) return video->times[count - 1] - video->times[count - 2];
  AVRational rate = video->media.stream->avg_frame_rate;
  if (rate.num <= 0 || rate.den <= 0) return 1;
  int64_t ticks = av_rescale_q(1, av_inv_q(rate), video->media.stream->time_base);
  return ticks > 0 ? ticks : 1;
}

// Fills `order` and `times` with all shown frames. Returns 0 where two share a time.
static int make_order(clibav_video *video) {
  video_entry *shown = calloc((size_t)video->entry_count + 1, sizeof *shown);
  video->order = calloc((size_t)video->entry_count + 1, sizeof *video->order);
  video->times = calloc((size_t)video->entry_count + 1, sizeof *video->times);
  if (!shown || !video->order || !video->times) {
    free(shown);
    return -1;
  }
  int64_t count = 0;
  for (int64_t i = 0; i < video->entry_count; i++) {
    if (video->entries[i].duration < 0) continue;
    shown[count] = video->entries[i];
    shown[count++].dts = i;
  }
  video->shown_count = count;
  int is_clear = put_in_order(video, shown, count);
  free(shown);
  return is_clear;
}

// Cuts the shown frames to the asked range; `start` and `end` in ticks.
static void cut(clibav_video *video, int64_t start, int64_t end) {
  int64_t first = 0, past = video->shown_count;
  while (first + 1 < past && video->times[first + 1] <= start) first++;
  while (past > first && video->times[past - 1] >= end) past--;
  video->first = first;
  video->info.frames = past - first;
  if (past > first) {
    video->info.last_duration = past < video->shown_count ? video->times[past] - video->times[past - 1]
                                                           : guessed_duration(video, past);
  }
}

// Whether nothing is shown at `start` any more. Frames are listed up to the asked end, so only a film that ends before
// that has its last one listed.
static int begins_after_end(const clibav_video *video, int64_t start) {
  int64_t count = video->shown_count;
  if (count == 0) return 0;
  return start > INT64_MAX / 2 || start >= video->times[count - 1] + guessed_duration(video, count);
}

static int count_frame(void *context, AVFrame *frame) {
  clibav_video *video = context;
  int64_t time = frame->best_effort_timestamp;
  int64_t previous = video->entry_count > 0 ? video->entries[video->entry_count - 1].pts : INT64_MIN;
  if (time == AV_NOPTS_VALUE || time <= previous) {
    AVRational rate = video->media.stream->avg_frame_rate;
    int64_t step = rate.num > 0 && rate.den > 0
                       ? av_rescale_q(1, av_inv_q(rate), video->media.stream->time_base) : 1;
    time = previous == INT64_MIN ? 0 : previous + (step > 0 ? step : 1);
  }
  return add_entry(video, (video_entry){time, time, frame->pkt_duration > 0 ? frame->pkt_duration : 0, 1, 0, NULL});
}

// For files without usable presentation times: a full decode tells what is shown.
static int list_by_count(clibav_video *video, char *message, size_t size) {
  forget_packets(video);
  video->entry_count = 0;
  video->by_count = 1;
  video->is_partial = 0;
  return video_decode_all(video, count_frame, video, message, size);
}

static int read_orientation(const AVStream *stream) {
  size_t bytes = 0;
  const int32_t *matrix = (const int32_t *)av_stream_get_side_data(stream, AV_PKT_DATA_DISPLAYMATRIX, &bytes);
  if (!matrix || bytes < 9 * sizeof *matrix) return 1;
  // Signs of the upper left 2×2 part; EXIF numbers the eight turns and mirrorings.
  int a = (matrix[0] > 0) - (matrix[0] < 0), b = (matrix[1] > 0) - (matrix[1] < 0);
  int c = (matrix[3] > 0) - (matrix[3] < 0), d = (matrix[4] > 0) - (matrix[4] < 0);
  if (a && d && !b && !c) return a > 0 ? (d > 0 ? 1 : 4) : (d > 0 ? 2 : 3);
  if (b && c && !a && !d) return b > 0 ? (c > 0 ? 5 : 6) : (c > 0 ? 8 : 7);
  return 1;
}

static int64_t ticks_of(const clibav_video *video, double seconds, int64_t otherwise) {
  if (!(seconds >= 0)) return otherwise;
  double ticks = seconds / av_q2d(video->media.stream->time_base) + (double)media_origin(&video->media);
  return ticks >= 9e18 ? INT64_MAX : (int64_t)floor(ticks + 1e-6);
}

static int list_by_time(clibav_video *video, int64_t start, int64_t end, int *needs_count, char *message, size_t size) {
  AVFormatContext *format = video->media.format;
  int has_jumped = 0;
  // MPEG-4's decoder gives up the first picture after a jump into an open group: its films are listed as a whole.
  int can_jump = video->media.stream->codecpar->codec_id != AV_CODEC_ID_MPEG4;
  if (can_jump && start > media_origin(&video->media)) {
    has_jumped = av_seek_frame(format, video->media.stream->index, start, AVSEEK_FLAG_BACKWARD) >= 0;
  }
  for (;;) {
    int status = scan(video, end, needs_count, message, size);
    if (status != CLIBAV_OK || *needs_count) return status;
    int is_clear = make_order(video);
    if (is_clear < 0) return no_memory(message, size);
    if (!is_clear) *needs_count = 1;
    // A jump may land behind the frame that is shown at `start`; then all is listed.
    int is_late = has_jumped && (video->shown_count == 0 || video->times[0] > start || !video->entries[0].is_key);
    video->is_partial = has_jumped;
    if (!is_clear || !is_late) return CLIBAV_OK;
    has_jumped = 0;
    for (int64_t i = 0; i < video->entry_count; i++) av_packet_free(&video->entries[i].packet);
    video->entry_count = 0;
    free(video->order);
    free(video->times);
    video->order = video->times = NULL;
    video->shown_count = 0;
    if (av_seek_frame(format, video->media.stream->index, INT64_MIN, AVSEEK_FLAG_BACKWARD) < 0) {
      *needs_count = 1;
      return CLIBAV_OK;
    }
  }
}

int video_list(clibav_video *video, double start, double end, char *message, size_t size) {
  AVStream *stream = video->media.stream;
  int64_t from = ticks_of(video, start, INT64_MIN), to = ticks_of(video, end, INT64_MAX);
  int needs_count = 0;
  int status = list_by_time(video, from, to, &needs_count, message, size);
  if (status == CLIBAV_OK && needs_count) {
    free(video->order);
    free(video->times);
    video->order = video->times = NULL;
    video->shown_count = 0;
    status = list_by_count(video, message, size);
    if (status == CLIBAV_OK && make_order(video) < 0) status = no_memory(message, size);
  }
  if (status != CLIBAV_OK) return status;
  if (start >= 0 && begins_after_end(video, from)) {
    set_message(message, size, "the part begins after the film's end");
    return CLIBAV_NO_RANGE;
  }
  cut(video, from, to);
  int64_t origin = media_origin(&video->media);
  for (int64_t i = 0; i < video->shown_count; i++) video->times[i] -= origin;
  video->info.tick_num = stream->time_base.num;
  video->info.tick_den = stream->time_base.den;
  video->info.orientation = read_orientation(stream);
  video->info.width = stream->codecpar->width;
  video->info.height = stream->codecpar->height;
  if (video->info.frames > 0) return CLIBAV_OK;
  set_message(message, size, video->shown_count > 0 ? "there is no frame in the asked time range" : "it holds no frames");
  return video->shown_count > 0 ? CLIBAV_NO_RANGE : CLIBAV_DAMAGED;
}

int64_t video_index_of(const clibav_video *video, int64_t pts) {
  int64_t time = pts - media_origin(&video->media), low = 0, high = video->shown_count;
  while (low < high) {
    int64_t middle = (low + high) / 2;
    if (video->times[middle] < time) low = middle + 1;
    else high = middle;
  }
  return low < video->shown_count && video->times[low] == time ? low : -1;
}
