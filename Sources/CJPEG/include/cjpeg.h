// JPEG pictures to 8-bit RGB over libjpeg-turbo: the pixels that Pillow and torchvision get.
//
// Functions may be called from several threads at once; a handle belongs to one thread at a time. On failure one line of
// text stands in `message` (always terminated).
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
  CJPEG_OK = 0,
  CJPEG_DAMAGED = 1,      // not what its format promises, or cut short
  CJPEG_UNSUPPORTED = 2,  // a kind of JPEG that libjpeg-turbo does not decode
  CJPEG_NO_MEMORY = 3
};

typedef struct cjpeg cjpeg;

// Reads the header; `data` must outlive the handle. Width and height are those of the stored picture.
int cjpeg_open(const uint8_t *data, size_t size, cjpeg **out, int *width, int *height, char *message,
               size_t message_size);

// Decodes into `pixels`, 3 * width * height bytes: rows of R, G, B. Grey is repeated; CMYK and YCCK are converted as
// Pillow does, which takes their inks to be inverted. Once per handle.
int cjpeg_read(cjpeg *jpeg, uint8_t *pixels, char *message, size_t message_size);

void cjpeg_close(cjpeg *jpeg);

#ifdef __cplusplus
}
#endif
