// Opening a media file on one of its streams.
#pragma once

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

#include "clibmedia.h"

typedef struct media {
  AVFormatContext *format;
  AVCodecContext *decoder;
  AVStream *stream;
} media;

// Opens `path` on its best stream of a kind. Only local files are read, whatever the file itself refers to.
int media_open(media *media, const char *path, enum AVMediaType type, int64_t max_pixels, char *message, size_t size);
void media_close(media *media);

// The best stream of a kind that is no cover picture; NULL where there is none.
AVStream *media_stream(AVFormatContext *format, enum AVMediaType type);

int format_open(AVFormatContext **format, const char *path, char *message, size_t size);

// The file's beginning in ticks of the stream.
int64_t media_origin(const media *media);

// The next packet of the stream; AVERROR_EOF at the end.
int media_next(const media *media, AVPacket *packet);

// Whether less was found than the file's header promises: `end` is where the last packet ends, in ticks.
int media_is_short(const media *media, int64_t end);
