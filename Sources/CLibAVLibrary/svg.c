#include <cairo.h>
#include <librsvg/rsvg.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "clibav.h"

static int fail(int status, const char *text, char *message, size_t size) {
  if (message && size > 0) snprintf(message, size, "%s", text);
  return status;
}

static int fail_with(GError *error, char *message, size_t size) {
  fail(CLIBAV_DAMAGED, error ? error->message : "the document cannot be drawn", message, size);
  g_clear_error(&error);
  return CLIBAV_DAMAGED;
}

// Size in pixels at 96 dpi: width and height, else the view box, else what the drawing covers.
static void intrinsic_size(RsvgHandle *handle, double *width, double *height) {
  if (rsvg_handle_get_intrinsic_size_in_pixels(handle, width, height) && *width > 0 && *height > 0) return;
  gboolean has_width, has_height, has_box;
  RsvgLength w, h;
  RsvgRectangle box, ink;
  rsvg_handle_get_intrinsic_dimensions(handle, &has_width, &w, &has_height, &h, &has_box, &box);
  if (!has_box && rsvg_handle_get_geometry_for_element(handle, NULL, &ink, NULL, NULL)) {
    box = ink;
    has_box = TRUE;
  }
  int usable = has_box && isfinite(box.width) && isfinite(box.height) && box.width > 0 && box.height > 0;
  *width = usable ? box.width : 512;
  *height = usable ? box.height : 512;
}

static int draw(RsvgHandle *handle, cairo_surface_t *surface, uint32_t ground, char *message, size_t message_size) {
  cairo_t *cairo = cairo_create(surface);
  cairo_set_source_rgb(cairo, ((ground >> 16) & 255) / 255.0, ((ground >> 8) & 255) / 255.0, (ground & 255) / 255.0);
  cairo_paint(cairo);
  RsvgRectangle viewport = {0, 0, cairo_image_surface_get_width(surface), cairo_image_surface_get_height(surface)};
  GError *error = NULL;
  gboolean drawn = rsvg_handle_render_document(handle, cairo, &viewport, &error);
  int sound = cairo_status(cairo) == CAIRO_STATUS_SUCCESS;
  cairo_destroy(cairo);
  return drawn && sound ? CLIBAV_OK : fail_with(error, message, message_size);
}

static int copy_pixels(cairo_surface_t *surface, clibav_image *out) {
  cairo_surface_flush(surface);
  int width = cairo_image_surface_get_width(surface), height = cairo_image_surface_get_height(surface);
  *out = (clibav_image){width, height, malloc(3 * (size_t)width * height)};
  if (!out->pixels) return CLIBAV_NO_MEMORY;
  const unsigned char *data = cairo_image_surface_get_data(surface);
  int stride = cairo_image_surface_get_stride(surface);
  uint8_t *pixel = out->pixels;
  for (int y = 0; y < height; y++) {
    const uint32_t *row = (const uint32_t *)(data + (size_t)y * stride);
    for (int x = 0; x < width; x++, pixel += 3) {
      pixel[0] = (row[x] >> 16) & 255;
      pixel[1] = (row[x] >> 8) & 255;
      pixel[2] = row[x] & 255;
    }
  }
  return CLIBAV_OK;
}

static int render(RsvgHandle *handle, int min_side, int max_side, uint32_t ground, clibav_image *out, char *message,
                  size_t size) {
  rsvg_handle_set_dpi(handle, 96);
  double width, height;
  intrinsic_size(handle, &width, &height);
  double longest = fmax(width, height);
  double scale = longest > max_side ? max_side / longest : longest < min_side ? min_side / longest : 1;
  int columns = (int)fmax(1, round(width * scale)), rows = (int)fmax(1, round(height * scale));
  cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, columns, rows);
  int status = cairo_surface_status(surface) == CAIRO_STATUS_SUCCESS
                   ? draw(handle, surface, ground, message, size)
                   : fail(CLIBAV_NO_MEMORY, "no memory for the drawing", message, size);
  if (status == CLIBAV_OK) status = copy_pixels(surface, out);
  cairo_surface_destroy(surface);
  return status;
}

int clibav_render_svg(const uint8_t *data, size_t size, int min_side, int max_side, uint32_t ground,
                      clibav_image *out, char *message, size_t message_size) {
  *out = (clibav_image){0, 0, NULL};
  GInputStream *stream = g_memory_input_stream_new_from_data(data, (gssize)size, NULL);
  GError *error = NULL;
  // No base file: a picture depends on its own bytes only. "Unlimited" lifts libxml's cap on node sizes, which
  // embedded photographs exceed.
  RsvgHandle *handle = rsvg_handle_new_from_stream_sync(stream, NULL, RSVG_HANDLE_FLAG_UNLIMITED, NULL, &error);
  int status = handle ? render(handle, min_side, max_side, ground, out, message, message_size)
                      : fail_with(error, message, message_size);
  if (handle) g_object_unref(handle);
  g_object_unref(stream);
  return status;
}
