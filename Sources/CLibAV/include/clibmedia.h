// Films and sounds over libavformat, libavcodec, libswscale and libswresample.
//
// Every function returns a status of clibav.h and, on failure, leaves one line of text in `message` (always
// terminated). A handle belongs to one thread at a time; different handles may be used from different
// threads.
#pragma once

#include "clibav.h"

#ifdef __cplusplus
extern "C" {
#endif

// ---- Reading films ----

typedef struct clibav_video clibav_video;

typedef struct {
  // Frames of the film (or of the asked range), in the order in which they are shown.
  int64_t frames;
  // Seconds per tick as a fraction.
  int64_t tick_num, tick_den;
  // Ticks for which the last frame is shown (guessed from its neighbours where the file does not tell).
  int64_t last_duration;
  // EXIF code (1…8) of the turn that makes the pictures stand upright.
  int orientation;
  int width, height;
} clibav_video_info;

// Opens a film and lists its frames without decoding them (where its timestamps allow). Only the part between
// `start` and `end` seconds from the file's beginning is listed, first the frame that is shown at `start`;
// a negative number means the film's own beginning or end.
int clibav_video_open(const char *path, double start, double end, int64_t max_pixels, clibav_video **out,
                      clibav_video_info *info, char *message, size_t message_size);

// When each frame begins to be shown, in ticks from the file's beginning, rising. Valid while the film is
// open.
const int64_t *clibav_video_times(const clibav_video *video);

// Takes the picture of `wanted[position]`; returns 0 to go on. The picture is valid during the call only.
typedef int (*clibav_frame_callback)(void *context, int64_t position, const clibav_image *image);

// Decodes the frames `wanted` (rising, each once) and nothing that they do not need: it jumps over whole
// groups of pictures and leaves out frames that no other refers to. The pictures are those of a full decode,
// bit by bit.
// Returns CLIBAV_OK also when the callback stopped it.
int clibav_video_read(clibav_video *video, const int64_t *wanted, int64_t count, clibav_frame_callback callback,
                      void *context, char *message, size_t message_size);

// What reading has cost since the film was opened.
typedef struct {
  // Packets sent to the decoder, and frames that it gave.
  int64_t packets, frames;
  // Seconds in the decoder and in the conversion to RGB.
  double decoding, converting;
} clibav_video_cost;
clibav_video_cost clibav_video_cost_of(const clibav_video *video);

void clibav_video_close(clibav_video *video);

// What a decoder gives of most films: luma, and two planes with half as many samples each way (yuv420p).
typedef struct {
  const uint8_t *data[3];
  int strides[3];
  int width, height;
  // H.273's number of the colour matrix, and whether levels are 0…255 instead of 16…235.
  int colour_space, is_full;
} clibav_planes;

// The picture that a frame of these planes gives; `is_plain`: by libswscale alone, whose bytes our own loops give too.
// Libswscale may read some bytes behind the last row. Release with clibav_image_free.
int clibav_planes_picture(const clibav_planes *planes, int is_plain, clibav_image *image);

// ---- Reading sounds ----

typedef struct {
  // Mono samples in −1…1, from the file's beginning or from `start`.
  float *samples;
  int64_t count;
  // The file's own sample rate and channels.
  int source_rate, source_channels;
} clibav_sound;

// Decodes the sound of a file, averages its channels and resamples it to `rate` hertz (0 = the file's own).
// `start` and `end` as above.
int clibav_sound_read(const char *path, int rate, double start, double end, clibav_sound *out, char *message,
                      size_t message_size);
void clibav_sound_free(clibav_sound *sound);

// What a file holds: bit 0 = moving pictures, bit 1 = sound.
int clibav_probe(const char *path, int *streams, char *message, size_t message_size);

// ---- Writing ----

typedef struct clibav_writer clibav_writer;

// The container follows the file name's ending, or `container` where it is not NULL.
int clibav_writer_open(const char *path, const char *container, clibav_writer **out, char *message,
                       size_t message_size);

typedef struct {
  int width, height;
  // Seconds per tick of the frames' times.
  int tick_num, tick_den;
  // Frames from one key frame to the next, and B frames between others.
  int key_interval, b_frames;
  // Quarter turns clockwise that a player shall make.
  int turns;
} clibav_video_settings;

// `codec` is one of libavcodec's encoder names; `options` are its own settings, "key=value:key=value".
int clibav_writer_add_video(clibav_writer *writer, const char *codec, const char *pixel_format, const char *options,
                            const clibav_video_settings *settings, char *message, size_t message_size);
int clibav_writer_add_sound(clibav_writer *writer, const char *codec, int rate, int64_t bit_rate, char *message,
                            size_t message_size);
// After the streams are added.
int clibav_writer_start(clibav_writer *writer, char *message, size_t message_size);
// One frame of `3 * width * height` RGB bytes, shown from `time` ticks on; times rise.
int clibav_writer_frame(clibav_writer *writer, const uint8_t *pixels, int64_t time, char *message,
                        size_t message_size);
// Mono samples in −1…1, all at once or in pieces.
int clibav_writer_sound(clibav_writer *writer, const float *samples, int64_t count, char *message,
                        size_t message_size);
int clibav_writer_finish(clibav_writer *writer, char *message, size_t message_size);
// Closes and frees; without finish the file is of no use.
void clibav_writer_close(clibav_writer *writer);

// Whether libavcodec has an encoder of this name.
int clibav_has_encoder(const char *name);

#ifdef __cplusplus
}
#endif
