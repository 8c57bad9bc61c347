// Still images to 8-bit RGB, over libavcodec, librsvg and cairo. Films and sounds are in clibmedia.h.
//
// Every function returns a status and, on failure, leaves one line of text in `message` (always terminated).
// Functions may be called from several threads at once.
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
  CLIBAV_OK = 0,
  CLIBAV_DAMAGED = 1,      // not what its format promises, or cut short
  CLIBAV_TOO_LARGE = 2,    // more pixels than the caller allows
  CLIBAV_UNSUPPORTED = 3,  // a pixel format or decoder that is not there
  CLIBAV_NO_MEMORY = 4,
  CLIBAV_NO_STREAM = 5,    // the film or sound that is asked for is not in the file
  CLIBAV_NO_FILE = 6,      // cannot be opened, read or written at all
  CLIBAV_NO_RANGE = 7      // the asked part is not in the film or sound
};

// The formats of still images; the caller tells them apart by their first bytes.
enum {
  CLIBAV_PNG = 0,
  CLIBAV_JPEG = 1,
  CLIBAV_WEBP = 2,
  CLIBAV_GIF = 3,
  CLIBAV_BMP = 4,
  CLIBAV_TIFF = 5
};

// Pixels are rows of R, G, B bytes without padding, `3 * width * height` of them; release with
// clibav_image_free.
typedef struct {
  int width;
  int height;
  uint8_t *pixels;
} clibav_image;

// Decodes the (first) image in `data`; alpha is composited on the colour `ground` (0xRRGGBB), 16-bit channels
// keep their high byte.
int clibav_decode_still(const uint8_t *data, size_t size, int format, int64_t max_pixels, uint32_t ground,
                        clibav_image *out, char *message, size_t message_size);

// Draws an SVG document (plain or gzipped) on `ground` at its intrinsic size, scaled as a whole so that the
// long side lies between `min_side` and `max_side` pixels. References to other files are not followed.
int clibav_render_svg(const uint8_t *data, size_t size, int min_side, int max_side, uint32_t ground,
                      clibav_image *out, char *message, size_t message_size);

void clibav_image_free(clibav_image *image);

// The libavcodec version in use, as in "59.37.100".
void clibav_version(char *text, size_t text_size);

#ifdef __cplusplus
}
#endif
