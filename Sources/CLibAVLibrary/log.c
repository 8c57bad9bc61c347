#include "log.h"

#include <libavutil/error.h>
#include <libavutil/log.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

// Decoding and encoding use one thread each, so what a thread logs belongs to the call that it is in.
static _Thread_local char first_error[256];
static _Thread_local int error_count;
// The first thing that a demuxer had to say: the file itself, not a picture in it, is damaged.
static _Thread_local char container_error[256];

static int is_demuxer(void *context) {
  const AVClass *class = context ? *(const AVClass **)context : NULL;
  if (!class) return 0;
  AVClassCategory category = class->get_category ? class->get_category(context) : class->category;
  return category == AV_CLASS_CATEGORY_DEMUXER;
}

static void keep_error(void *context, int level, const char *format, va_list arguments) {
  if (level > AV_LOG_ERROR) return;
  char text[sizeof first_error];
  vsnprintf(text, sizeof text, format, arguments);
  text[strcspn(text, "\n")] = 0;
  if (error_count++ == 0) memcpy(first_error, text, sizeof text);
  if (!container_error[0] && is_demuxer(context)) memcpy(container_error, text, sizeof text);
}

static void install(void) { av_log_set_callback(keep_error); }

void log_begin(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, install);
  error_count = 0;
  first_error[0] = container_error[0] = 0;
}

int log_error_count(void) { return error_count; }

const char *log_first_error(void) { return first_error; }

const char *log_container_error(void) { return container_error; }

void set_message(char *message, size_t size, const char *text) {
  if (message && size > 0) snprintf(message, size, "%s", text);
}

void set_libav_message(char *message, size_t size, int status) {
  if (error_count > 0) return set_message(message, size, first_error);
  char text[AV_ERROR_MAX_STRING_SIZE];
  av_strerror(status, text, sizeof text);
  set_message(message, size, text);
}
