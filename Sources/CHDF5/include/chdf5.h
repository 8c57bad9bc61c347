// A thin C ABI over libhdf5 for the HDF5 room.
//
// Every function returns a negative number on failure; ch_error_text() then holds libhdf5's reason.
// Not thread-safe: the caller serialises all calls. No hdf5.h here, because its type ids are mutable globals.
#ifndef CHDF5_H
#define CHDF5_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// An open file (libhdf5's hid_t).
typedef int64_t ch_file;

enum { CH_READ = 0, CH_CREATE = 1, CH_APPEND = 2 };
/// What an element is; also the types that can be written.
enum { CH_OTHER = 0, CH_INT = 1, CH_FLOAT = 2, CH_STRING = 3 };
/// Element types in memory, and (CH_F16: only there) in the file.
enum { CH_I64 = 0, CH_F32 = 1, CH_F64 = 2, CH_F16 = 3 };
/// What stands under a name.
enum { CH_MISSING = 0, CH_GROUP = 1, CH_DATASET = 2 };
enum { CH_MAX_RANK = 32 };

/// Begins an operation: forgets the last failure and keeps libhdf5 from printing. Call before each operation.
void ch_reset(void);
/// The reason of the first failure since ch_reset(). Valid until the next call.
const char *ch_error_text(void);
/// major*1000000 + minor*1000 + release of the library at run time.
int64_t ch_version(void);

/// Lets a program (`ieum-read-hdf5`) read everything in a file first, within limits of time and memory.
/// Returns 1 when the library falls over it (*signal: the signal, 11 = segmentation fault) or its groups cannot be
/// listed (*signal = 0); 0 when it can be read, or when an error tells what is wrong with it; -1 when the program could
/// not be run.
int ch_probe(const char *program, const char *path, int *signal);

ch_file ch_open(const char *path, int mode);
int ch_close(ch_file file);
int ch_flush(ch_file file);

/// CH_MISSING, CH_GROUP or CH_DATASET; missing parents are CH_MISSING too.
int ch_kind(ch_file file, const char *name);
/// Gives each child's name of a group, in the order of names.
int ch_children(ch_file file, const char *group, void (*each)(void *, const char *), void *context);

/// A dataset's rank and dims (dims holds CH_MAX_RANK), and its element class.
int ch_shape(ch_file file, const char *name, int *rank, uint64_t *dims, int *element);
/// The most elements that a dataset's stored bytes can stand for, whatever its shape claims: as many as fit in them
/// (a thousand times more where they are compressed), and a megabyte of fill values.
int ch_most_elements(ch_file file, const char *name, uint64_t *count);
/// Reads `rows` rows from `first` of a dataset (rows < 0: all of it) as memory type `type`.
int ch_read(ch_file file, const char *name, int type, int64_t first, int64_t rows, void *out);
/// Reads all strings, variable or fixed length; `each` gets bytes and their number.
int ch_read_strings(ch_file file, const char *name, void (*each)(void *, const char *, size_t),
                    void *context);

/// Creates a dataset; rank >= 1 with elements: chunked by rows, Fletcher32, growable in its first dimension.
/// `stored` is the type in the file (CH_F16 allowed), `type` the type of `data`; missing parents are made.
int ch_write(ch_file file, const char *name, int stored, int type, int rank, const uint64_t *dims,
             const void *data);
int ch_write_strings(ch_file file, const char *name, const char *const *strings, uint64_t count);
/// Appends rows to a dataset made by ch_write.
int ch_append(ch_file file, const char *name, int type, uint64_t rows, const void *data);
int ch_make_group(ch_file file, const char *name);

/// 1 when the attribute exists, 0 when not.
int ch_has_attribute(ch_file file, const char *object, const char *name);
/// Number of elements and element class of an attribute.
int ch_attribute_shape(ch_file file, const char *object, const char *name, uint64_t *count, int *element);
int ch_read_attribute(ch_file file, const char *object, const char *name, int type, void *out);
int ch_read_string_attribute(ch_file file, const char *object, const char *name,
                             void (*each)(void *, const char *, size_t), void *context);
/// Sets (or replaces) a scalar attribute.
int ch_set_attribute(ch_file file, const char *object, const char *name, int type, const void *value);
int ch_set_string_attribute(ch_file file, const char *object, const char *name, const char *value);
/// Sets (or replaces) a one-dimensional attribute of strings.
int ch_set_strings_attribute(ch_file file, const char *object, const char *name, const char *const *values,
                             uint64_t count);

#ifdef __cplusplus
}
#endif
#endif
