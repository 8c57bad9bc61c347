// Reads everything in a file, as ieum would, within limits of time and memory. libhdf5 1.10 trusts what it reads and falls
// over damaged bytes: ieum lets this program fall first.
//
//   ieum-read-hdf5 FILE    status 1: its groups cannot be listed, or it asks for more memory than it can hold
#define _GNU_SOURCE
#include "chdf5.h"

#include <hdf5.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEEPEST = 32, MOST_OBJECTS = 1 << 16, PIECE = 1 << 24 };

struct walk {
  ch_file file;
  // Addresses of objects that were read: links may make circles.
  haddr_t seen[2 * MOST_OBJECTS];
  int objects;
  int broken;
};

static int is_new(struct walk *walk, haddr_t address) {
  size_t slot = (size_t)(address * 0x9E3779B97F4A7C15ull >> 32) % (2 * MOST_OBJECTS);
  while (walk->seen[slot] && walk->seen[slot] != address + 1) slot = (slot + 1) % (2 * MOST_OBJECTS);
  if (walk->seen[slot] || walk->objects == MOST_OBJECTS) return 0;
  walk->seen[slot] = address + 1;
  walk->objects++;
  return 1;
}

// Only a damaged file asks for more memory than the child has.
static void note(struct walk *walk, int status) {
  if (status < 0 && strstr(ch_error_text(), "alloc")) walk->broken = 1;
  ch_reset();
}

static void ignore(void *context, const char *bytes, size_t length) {
  (void)context;
  (void)bytes;
  (void)length;
}

// Whole chunks at a time, so that none is read twice.
static int64_t rows_at_a_time(ch_file file, const char *name, uint64_t row_bytes, uint64_t rows) {
  uint64_t step = PIECE / (row_bytes ? row_bytes : 1);
  hid_t set = H5Dopen2(file, name, H5P_DEFAULT);
  if (set >= 0) {
    hid_t layout = H5Dget_create_plist(set);
    hsize_t chunk[CH_MAX_RANK];
    if (H5Pget_layout(layout) == H5D_CHUNKED && H5Pget_chunk(layout, CH_MAX_RANK, chunk) > 0)
      step = step > chunk[0] ? step - step % chunk[0] : chunk[0];
    H5Pclose(layout);
    H5Dclose(set);
  }
  return (int64_t)(step < 1 ? 1 : step > rows ? rows : step);
}

static void read_numbers(struct walk *walk, const char *name, int element, int rank, const uint64_t *dims) {
  ch_file file = walk->file;
  int type = element == CH_INT ? CH_I64 : CH_F32;
  uint64_t row = element == CH_INT ? 8 : 4, most = 0;
  for (int i = 1; i < rank; i++)
    if (__builtin_mul_overflow(row, dims[i], &row)) return;
  uint64_t rows = rank > 0 ? dims[0] : 1, all = 0;
  // What a shape claims beyond the stored bytes is refused by the reader too.
  if (__builtin_mul_overflow(row, rows, &all) || ch_most_elements(file, name, &most) < 0 || all / 4 > 2 * most) return;
  if (all == 0) return;
  int64_t step = rank > 0 ? rows_at_a_time(file, name, row, rows) : 1;
  void *buffer = malloc((size_t)step * row);
  for (uint64_t first = 0; buffer && first < rows; first += (uint64_t)step) {
    int64_t count = (int64_t)(rows - first) < step ? (int64_t)(rows - first) : step;
    int status = ch_read(file, name, type, (int64_t)first, rank > 0 ? count : -1, buffer);
    note(walk, status);
    if (status < 0) break;
  }
  free(buffer);
}

static herr_t read_attribute(hid_t object, const char *name, const H5A_info_t *info, void *context) {
  (void)info;
  struct walk *walk = context;
  uint64_t count = 0;
  int element = CH_OTHER;
  if (ch_attribute_shape(object, ".", name, &count, &element) < 0) return 0;
  double number;
  if (element == CH_STRING) note(walk, ch_read_string_attribute(object, ".", name, ignore, NULL));
  else if ((element == CH_INT || element == CH_FLOAT) && count == 1) ch_read_attribute(object, ".", name, CH_F64, &number);
  return 0;
}

static void read_object(struct walk *walk, const char *name, int depth);

struct names {
  char **list;
  size_t count;
};

static void add_name(void *context, const char *name) {
  struct names *names = context;
  char **longer = realloc(names->list, (names->count + 1) * sizeof *longer);
  if (!longer) return;
  names->list = longer;
  names->list[names->count++] = strdup(name);
}

static void read_group(struct walk *walk, const char *name, int depth) {
  struct names names = {NULL, 0};
  if (ch_children(walk->file, name, add_name, &names) < 0) walk->broken = 1;
  // Names that are not there take other ways through a group's tree than those that are.
  for (char other[] = "a"; other[0] <= 'z'; other[0]++) {
    size_t length = strlen(name) + 3;
    char *path = malloc(length);
    if (path) snprintf(path, length, "%s/%s", strcmp(name, "/") ? name : "", other);
    if (path) ch_kind(walk->file, path);
    free(path);
  }
  for (size_t i = 0; i < names.count; i++) {
    size_t length = strlen(name) + strlen(names.list[i]) + 2;
    char *path = malloc(length);
    if (!path) continue;
    snprintf(path, length, "%s/%s", strcmp(name, "/") ? name : "", names.list[i]);
    read_object(walk, path, depth + 1);
    free(path);
    free(names.list[i]);
  }
  free(names.list);
}

static void read_object(struct walk *walk, const char *name, int depth) {
  H5O_info_t info;
  if (depth > DEEPEST || ch_kind(walk->file, name) == CH_MISSING) return;
  if (H5Oget_info_by_name(walk->file, name, &info, H5P_DEFAULT) < 0) {
    walk->broken = 1;
    return;
  }
  if (!is_new(walk, info.addr)) return;
  hid_t object = H5Oopen(walk->file, name, H5P_DEFAULT);
  if (object >= 0) {
    H5Aiterate2(object, H5_INDEX_NAME, H5_ITER_NATIVE, NULL, read_attribute, walk);
    H5Oclose(object);
  }
  if (info.type == H5O_TYPE_GROUP) return read_group(walk, name, depth);
  if (info.type != H5O_TYPE_DATASET) return;
  int rank = 0, element = CH_OTHER;
  uint64_t dims[CH_MAX_RANK];
  int status = ch_shape(walk->file, name, &rank, dims, &element);
  note(walk, status);
  if (status < 0) return;
  if (element == CH_STRING) note(walk, ch_read_strings(walk->file, name, ignore, NULL));
  else if (element == CH_INT || element == CH_FLOAT) read_numbers(walk, name, element, rank, dims);
}

static void restrict_process(off_t size) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
  rlim_t megabytes = (rlim_t)(size >> 20), seconds = 1 + megabytes / 20;
  // At the soft limit a signal of its own, at the hard one a SIGKILL.
  setrlimit(RLIMIT_CPU, &(struct rlimit){seconds, seconds + 2});
  alarm((unsigned)(600 + megabytes));
  rlim_t most = ((rlim_t)768 << 20) + 2 * (rlim_t)size;
  setrlimit(RLIMIT_AS, &(struct rlimit){most, most});
  // Memory that was never written holds garbage, so that reading it shows.
  mallopt(M_PERTURB, 0xA5);
  // A damaged file must not make the library look for plug-ins.
  H5PLset_loading_state(0);
}

int main(int count, char **arguments) {
  struct stat file;
  struct walk *walk = calloc(1, sizeof *walk);
  if (count != 2 || !walk || stat(arguments[1], &file) != 0) return 0;
  restrict_process(file.st_size);
  walk->file = ch_open(arguments[1], CH_READ);
  // What cannot be opened is refused by whoever opens it.
  if (walk->file < 0) _exit(0);
  read_object(walk, "/", 0);
  ch_close(walk->file);
  _exit(walk->broken ? 1 : 0);
}
