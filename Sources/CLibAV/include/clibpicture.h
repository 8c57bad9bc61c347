// 8-bit RGB to a JPEG file in memory, over libavcodec: thumbnails of a report.
#ifndef CLIBPICTURE_H
#define CLIBPICTURE_H

#include <stddef.h>
#include <stdint.h>

/// `rgb`: width × height × 3 bytes, row by row. `quality`: 2 (best) … 31. On success (0) `*out` holds `*out_size` bytes
/// that clibpicture_free releases; otherwise 1 and one line of text in `message`.
int clibpicture_encode_jpeg(const uint8_t *rgb, int width, int height, int quality, uint8_t **out, size_t *out_size,
                            char *message, size_t message_size);
void clibpicture_free(uint8_t *bytes);

#endif
