#include "cjpeg.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

// The codes of its messages.
#include <jerror.h>

struct cjpeg {
  struct jpeg_decompress_struct info;  // first: the library hands it back
  struct jpeg_error_mgr errors;
  jmp_buf escape;
  int status;                // what an error means
  char damage[JMSG_LENGTH_MAX];  // the first warning that means lost pixels
  uint8_t *row;              // of CMYK
};

// Errors of the file's kind rather than of its content.
static int status_of(int code) {
  switch (code) {
    case JERR_OUT_OF_MEMORY: return CJPEG_NO_MEMORY;
    case JERR_ARITH_NOTIMPL:
    case JERR_BAD_COMPONENT_ID:
    case JERR_BAD_J_COLORSPACE:
    case JERR_BAD_PRECISION:
    case JERR_CCIR601_NOTIMPL:
    case JERR_COMPONENT_COUNT:
    case JERR_CONVERSION_NOTIMPL:
    case JERR_FRACT_SAMPLE_NOTIMPL:
    case JERR_NOT_COMPILED:
    case JERR_SOF_UNSUPPORTED: return CJPEG_UNSUPPORTED;
    default: return CJPEG_DAMAGED;
  }
}

// Warnings after which some pixels are made up. The others tell of oddities that every viewer passes over.
static int is_damage(int code) {
  switch (code) {
    case JWRN_ARITH_BAD_CODE:
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_JPEG_EOF:
    case JWRN_MUST_RESYNC: return 1;
    default: return 0;
  }
}

static void on_error(j_common_ptr info) {
  cjpeg *jpeg = (cjpeg *)info;
  jpeg->status = status_of(info->err->msg_code);
  longjmp(jpeg->escape, 1);
}

static void on_message(j_common_ptr info, int level) {
  cjpeg *jpeg = (cjpeg *)info;
  if (level < 0 && is_damage(info->err->msg_code) && !jpeg->damage[0]) info->err->format_message(info, jpeg->damage);
}

static void on_output(j_common_ptr info) { (void)info; }

static int failed(cjpeg *jpeg, char *message, size_t message_size) {
  char text[JMSG_LENGTH_MAX];
  jpeg->errors.format_message((j_common_ptr)&jpeg->info, text);
  snprintf(message, message_size, "%s", text);
  return jpeg->status;
}

int cjpeg_open(const uint8_t *data, size_t size, cjpeg **out, int *width, int *height, char *message,
               size_t message_size) {
  snprintf(message, message_size, "%s", "");
  *out = NULL;
  cjpeg *jpeg = calloc(1, sizeof *jpeg);
  if (!jpeg) {
    snprintf(message, message_size, "out of memory");
    return CJPEG_NO_MEMORY;
  }
  jpeg->info.err = jpeg_std_error(&jpeg->errors);
  jpeg->errors.error_exit = on_error;
  jpeg->errors.emit_message = on_message;
  jpeg->errors.output_message = on_output;
  *out = jpeg;
  if (setjmp(jpeg->escape)) return failed(jpeg, message, message_size);
  jpeg_create_decompress(&jpeg->info);
  jpeg_mem_src(&jpeg->info, data, size);
  jpeg_read_header(&jpeg->info, TRUE);
  *width = (int)jpeg->info.image_width;
  *height = (int)jpeg->info.image_height;
  // libjpeg-turbo repeats grey by itself; CMYK it leaves to us.
  int has_inks = jpeg->info.jpeg_color_space == JCS_CMYK || jpeg->info.jpeg_color_space == JCS_YCCK;
  jpeg->info.out_color_space = has_inks ? JCS_CMYK : JCS_RGB;
  return CJPEG_OK;
}

static inline int product(int a, int b) {
  int sum = a * b + 128;
  return ((sum >> 8) + sum) >> 8;
}

// `inks` are stored inverted: 255 is none.
static void from_inks(const uint8_t *inks, uint8_t *rgb, int width) {
  for (int x = 0; x < width; x++, inks += 4, rgb += 3)
    for (int c = 0; c < 3; c++) {
      int value = inks[3] - product(255 - inks[c], inks[3]);
      rgb[c] = (uint8_t)(value < 0 ? 0 : value);
    }
}

int cjpeg_read(cjpeg *jpeg, uint8_t *pixels, char *message, size_t message_size) {
  struct jpeg_decompress_struct *info = &jpeg->info;
  if (setjmp(jpeg->escape)) return failed(jpeg, message, message_size);
  jpeg_start_decompress(info);
  int has_inks = info->out_color_space == JCS_CMYK, width = (int)info->output_width;
  if (has_inks && !(jpeg->row = malloc((size_t)width * 4))) {
    snprintf(message, message_size, "out of memory");
    return CJPEG_NO_MEMORY;
  }
  while (info->output_scanline < info->output_height) {
    uint8_t *target = pixels + (size_t)info->output_scanline * (size_t)width * 3;
    JSAMPROW row = has_inks ? jpeg->row : target;
    jpeg_read_scanlines(info, &row, 1);
    if (has_inks) from_inks(jpeg->row, target, width);
  }
  jpeg_finish_decompress(info);
  if (!jpeg->damage[0]) return CJPEG_OK;
  snprintf(message, message_size, "%s", jpeg->damage);
  return CJPEG_DAMAGED;
}

void cjpeg_close(cjpeg *jpeg) {
  if (!jpeg) return;
  jpeg_destroy_decompress(&jpeg->info);
  free(jpeg->row);
  free(jpeg);
}
