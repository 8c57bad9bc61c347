// What libav says in its log, kept per thread: its error codes alone rarely tell what is wrong with a file.
#pragma once

#include <stddef.h>

// Forgets earlier messages of this thread; every entry point of the shim calls it first.
void log_begin(void);

// Number of errors since log_begin.
int log_error_count(void);

// The first of them; "" when there was none.
const char *log_first_error(void);

// The first that came from a demuxer: damage of the file itself and not of a picture in it; "" when there was
// none.
const char *log_container_error(void);

// Writes `text`, cut to fit, always terminated.
void set_message(char *message, size_t size, const char *text);

// Writes the first logged error, else the text of libav's error code `status`.
void set_libav_message(char *message, size_t size, int status);
