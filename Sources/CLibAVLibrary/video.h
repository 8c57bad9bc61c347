// The inside of an open film, shared by listing (video_table.c) and decoding (video_read.c).
#pragma once

#include <libswscale/swscale.h>

#include "demux.h"

typedef struct {
  int64_t pts, dts, duration;
  int is_key, size;
  // The packet itself while the film is small; NULL where it has to be read again.
  AVPacket *packet;
} video_entry;

struct clibav_video {
  media media;
  clibav_video_info info;
  // Packets that show a frame, in decoding order.
  video_entry *entries;
  int64_t entry_count, entry_capacity;
  // Shown order → decoding order, of the frames inside the asked range; `times` beside it.
  int64_t *order, *times;
  // All shown frames: those before the range come first (`first` of them), those after it follow.
  int64_t shown_count, first;
  int64_t bytes;
  int keeps_packets;
  // The timestamps do not name the frames: frames are counted as a full decode gives them.
  int by_count;
  // Whether the list begins at a jump into the film.
  int is_partial;
  // The decoder loses frames when it is drained before the film's end.
  int never_drains;
  // Next packet (decoding order) that the decoder gets; -1 = it has to be positioned first.
  int64_t cursor;
  // Next packet that the demuxer gives, where packets are read again; -1 = unknown.
  int64_t demux_cursor;
  clibav_video_cost cost;
  AVFrame *frame;
  struct SwsContext *scaler;
};

// Lists the frames of the film; a status of clibav.h.
int video_list(clibav_video *video, double start, double end, char *message, size_t size);

// Display index of a presentation time; -1 where no frame has it.
int64_t video_index_of(const clibav_video *video, int64_t pts);

// The frame as RGB on white; release with clibav_image_free.
int video_picture(clibav_video *video, const AVFrame *frame, clibav_image *image, char *message, size_t size);

// Decodes from the very beginning and gives each frame to `take` until it returns non-zero.
typedef int (*video_take)(void *context, AVFrame *frame);
int video_decode_all(clibav_video *video, video_take take, void *context, char *message, size_t size);
