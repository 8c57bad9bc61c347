#include "chdf5.h"
#include "heap.h"

#include <hdf5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char message[1024];

// Called from the innermost frame outwards: the innermost says what happened, the outermost what was tried.
static herr_t collect(unsigned n, const H5E_error2_t *frame, void *unused) {
  (void)unused;
  const char *text = frame->desc ? frame->desc : "unknown failure";
  if (n == 0) {
    snprintf(message, sizeof message, "%s", text);
    return 0;
  }
  char *outer = strstr(message, " [");
  if (outer) *outer = 0;
  size_t used = strlen(message);
  if (strcmp(message, text) != 0) snprintf(message + used, sizeof message - used, " [%s]", text);
  return 0;
}

// Called by libhdf5 when one of its functions fails, in place of printing. The next call of the library (a
// close, say) would clear the stack, so the reason is taken at once; the first failure counts.
static herr_t keep(hid_t stack, void *unused) {
  (void)unused;
  if (message[0] == 0) H5Ewalk2(stack, H5E_WALK_UPWARD, collect, NULL);
  return 0;
}

void ch_reset(void) {
  // When a disk is full some objects cannot be closed, and libhdf5's own handler at exit would crash on them.
  static int prepared = 0;
  if (!prepared) (void)H5dont_atexit();
  prepared = 1;
  H5Eset_auto2(H5E_DEFAULT, keep, NULL);
  message[0] = 0;
}

const char *ch_error_text(void) { return message[0] ? message : "unknown failure"; }

static int fail(const char *text) {
  snprintf(message, sizeof message, "%s", text);
  return -1;
}

int64_t ch_version(void) {
  unsigned major = 0, minor = 0, release = 0;
  H5get_libversion(&major, &minor, &release);
  return (int64_t)major * 1000000 + minor * 1000 + release;
}

// ---- files and names ----

ch_file ch_open(const char *path, int mode) {
  if (mode == CH_CREATE) return H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  hid_t access = H5Pcreate(H5P_FILE_ACCESS);
  hid_t file = H5Fopen(path, mode == CH_READ ? H5F_ACC_RDONLY : H5F_ACC_RDWR, access);
  H5Pclose(access);
  return file;
}

int ch_close(ch_file file) { return H5Fclose(file) < 0 ? -1 : 0; }
int ch_flush(ch_file file) { return H5Fflush(file, H5F_SCOPE_GLOBAL) < 0 ? -1 : 0; }

int ch_kind(ch_file file, const char *name) {
  size_t length = strlen(name);
  if (length == 0 || strcmp(name, "/") == 0) return CH_GROUP;
  char *part = malloc(length + 1);
  if (!part) return fail("out of memory");
  // H5Lexists fails where a parent is missing, so every prefix is asked in turn.
  for (size_t i = 1; i <= length; i++) {
    if (i < length && name[i] != '/') continue;
    memcpy(part, name, i);
    part[i] = 0;
    htri_t there = H5Lexists(file, part, H5P_DEFAULT);
    if (there > 0 && i == length) continue;
    if (there <= 0) {
      free(part);
      return CH_MISSING;
    }
  }
  free(part);
  H5O_info_t info;
  if (H5Oget_info_by_name(file, name, &info, H5P_DEFAULT) < 0) return -1;
  return info.type == H5O_TYPE_GROUP ? CH_GROUP : info.type == H5O_TYPE_DATASET ? CH_DATASET : CH_MISSING;
}

struct visitor {
  void (*each)(void *, const char *);
  void *context;
};

static herr_t visit(hid_t group, const char *name, const H5L_info_t *info, void *data) {
  (void)group;
  (void)info;
  struct visitor *visitor = data;
  visitor->each(visitor->context, name);
  return 0;
}

int ch_children(ch_file file, const char *group, void (*each)(void *, const char *), void *context) {
  struct visitor visitor = {each, context};
  return H5Literate_by_name(file, group, H5_INDEX_NAME, H5_ITER_INC, NULL, visit, &visitor, H5P_DEFAULT) < 0
             ? -1
             : 0;
}

int ch_make_group(ch_file file, const char *name) {
  hid_t links = H5Pcreate(H5P_LINK_CREATE);
  H5Pset_create_intermediate_group(links, 1);
  hid_t group = H5Gcreate2(file, name, links, H5P_DEFAULT, H5P_DEFAULT);
  H5Pclose(links);
  if (group < 0) return -1;
  return H5Gclose(group) < 0 ? -1 : 0;
}

// ---- types ----

static hid_t memory_type(int type) {
  return type == CH_I64 ? H5T_NATIVE_INT64 : type == CH_F32 ? H5T_NATIVE_FLOAT : H5T_NATIVE_DOUBLE;
}

// A new id: the caller closes it.
static hid_t file_type(int type) {
  if (type == CH_I64) return H5Tcopy(H5T_STD_I64LE);
  if (type == CH_F64) return H5Tcopy(H5T_IEEE_F64LE);
  hid_t made = H5Tcopy(H5T_IEEE_F32LE);
  if (type == CH_F16) {
    H5Tset_fields(made, 15, 10, 5, 0, 10);
    H5Tset_size(made, 2);
    H5Tset_ebias(made, 15);
  }
  return made;
}

static hid_t text_type(void) {
  hid_t type = H5Tcopy(H5T_C_S1);
  H5Tset_size(type, H5T_VARIABLE);
  H5Tset_cset(type, H5T_CSET_UTF8);
  return type;
}

static int element_of(hid_t type) {
  switch (H5Tget_class(type)) {
    case H5T_INTEGER:
    case H5T_ENUM: return CH_INT;
    case H5T_FLOAT: return CH_FLOAT;
    case H5T_STRING: return CH_STRING;
    default: return CH_OTHER;
  }
}

// Enumerations (h5py's booleans) are read through the integer they stand on.
static hid_t readable_type(hid_t stored, int type) {
  if (H5Tget_class(stored) == H5T_ENUM) return H5Tget_native_type(stored, H5T_DIR_ASCEND);
  return H5Tcopy(memory_type(type));
}

static int64_t integer_at(const char *bytes, size_t size) {
  int64_t value = 0;
  memcpy(&value, bytes, size);
  if (size == 1) return (int8_t)value;
  if (size == 2) return (int16_t)value;
  return size == 4 ? (int32_t)value : value;
}

// Integers of `size` bytes become elements of `type`, in place: from the last one to the first, as they grow.
static void widen(void *values, size_t size, int type, hssize_t count) {
  for (hssize_t i = count - 1; i >= 0; i--) {
    int64_t value = integer_at((char *)values + (size_t)i * size, size);
    if (type == CH_I64) ((int64_t *)values)[i] = value;
    if (type == CH_F32) ((float *)values)[i] = (float)value;
    if (type == CH_F64) ((double *)values)[i] = (double)value;
  }
}

// ---- datasets ----

int ch_shape(ch_file file, const char *name, int *rank, uint64_t *dims, int *element) {
  hid_t set = H5Dopen2(file, name, H5P_DEFAULT);
  if (set < 0) return -1;
  hid_t space = H5Dget_space(set), type = H5Dget_type(set);
  hsize_t sizes[CH_MAX_RANK];
  int status = H5Sget_simple_extent_dims(space, sizes, NULL);
  *rank = status;
  for (int i = 0; i < status; i++) dims[i] = sizes[i];
  *element = element_of(type);
  H5Tclose(type);
  H5Sclose(space);
  H5Dclose(set);
  return status < 0 ? -1 : 0;
}

static uint64_t most_elements(hid_t set) {
  hid_t type = H5Dget_type(set), layout = H5Dget_create_plist(set);
  uint64_t bytes = H5Dget_storage_size(set), ratio = 1;
  size_t size = H5Tget_size(type);
  int filters = H5Pget_nfilters(layout);
  for (int i = 0; i < filters; i++) {
    unsigned flags, info;
    size_t values = 0;
    H5Z_filter_t filter = H5Pget_filter2(layout, (unsigned)i, &flags, &values, NULL, 0, NULL, &info);
    if (filter != H5Z_FILTER_SHUFFLE && filter != H5Z_FILTER_FLETCHER32) ratio = 1100;  // deflate reaches 1032
  }
  H5Pclose(layout);
  H5Tclose(type);
  if (bytes > UINT64_MAX / 2 / ratio) return UINT64_MAX;
  return (bytes * ratio + (1 << 20)) / (size > 0 ? size : 1);
}

int ch_most_elements(ch_file file, const char *name, uint64_t *count) {
  hid_t set = H5Dopen2(file, name, H5P_DEFAULT);
  if (set < 0) return -1;
  *count = most_elements(set);
  return H5Dclose(set) < 0 ? -1 : 0;
}

int ch_read(ch_file file, const char *name, int type, int64_t first, int64_t rows, void *out) {
  hid_t set = H5Dopen2(file, name, H5P_DEFAULT);
  if (set < 0) return -1;
  hid_t stored = H5Dget_type(set), space = H5Dget_space(set), memory = H5S_ALL;
  int element = element_of(stored), status = -1;
  hid_t wanted = readable_type(stored, type);
  if (element != CH_INT && element != CH_FLOAT) {
    fail("does not hold numbers");
  } else if (H5Tget_class(stored) == H5T_ENUM && H5Tget_size(wanted) > H5Tget_size(memory_type(type))) {
    fail("holds an enumeration of integers that are too long");
  } else {
    status = 0;
    if (rows >= 0) {
      hsize_t start[CH_MAX_RANK] = {0}, count[CH_MAX_RANK];
      int rank = H5Sget_simple_extent_dims(space, count, NULL);
      start[0] = (hsize_t)first;
      count[0] = (hsize_t)rows;
      memory = H5Screate_simple(rank, count, NULL);
      status = H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, count, NULL);
    }
    if (status >= 0) status = H5Dread(set, wanted, memory, rows >= 0 ? space : H5S_ALL, H5P_DEFAULT, out);
    if (status >= 0 && H5Tget_class(stored) == H5T_ENUM) {
      hssize_t total = rows >= 0 ? H5Sget_select_npoints(space) : H5Sget_simple_extent_npoints(space);
      widen(out, H5Tget_size(wanted), type, total);
    }
  }
  if (memory != H5S_ALL) H5Sclose(memory);
  H5Tclose(wanted);
  H5Tclose(stored);
  H5Sclose(space);
  H5Dclose(set);
  return status < 0 ? -1 : 0;
}

// Hands over fixed-length strings without the padding that their type declares.
static void each_fixed(const char *bytes, size_t size, hssize_t count, H5T_str_t padding,
                       void (*each)(void *, const char *, size_t), void *context) {
  for (hssize_t i = 0; i < count; i++) {
    const char *text = bytes + (size_t)i * size;
    size_t length = strnlen(text, size);
    if (padding == H5T_STR_SPACEPAD)
      while (length > 0 && text[length - 1] == ' ') length--;
    each(context, text, length);
  }
}

// Reads the strings of a dataset (attribute = 0) or an attribute (1).
static int strings_of(hid_t object, int attribute, void (*each)(void *, const char *, size_t),
                      void *context) {
  hid_t stored = attribute ? H5Aget_type(object) : H5Dget_type(object);
  hid_t space = attribute ? H5Aget_space(object) : H5Dget_space(object);
  hssize_t count = H5Sget_simple_extent_npoints(space);
  htri_t variable = H5Tis_variable_str(stored);
  int status = -1;
  if (H5Tget_class(stored) != H5T_STRING) {
    fail("does not hold strings");
  } else if (count <= 0) {
    status = count < 0 ? -1 : 0;
  } else if ((uint64_t)count > (attribute ? (1 << 24) / (H5Tget_size(stored) + 1) : most_elements(object))) {
    fail("claims more strings than the file can hold");
  } else if (variable > 0 && !attribute && !ch_strings_in_heaps(object, (uint64_t)count)) {
    fail("refers to strings that its heap does not hold");
  } else if (variable > 0) {
    char **texts = calloc((size_t)count, sizeof *texts);
    hid_t memory = H5Tcopy(H5T_C_S1);
    H5Tset_size(memory, H5T_VARIABLE);
    H5Tset_cset(memory, H5Tget_cset(stored));
    status = !texts       ? fail("out of memory")
             : attribute ? H5Aread(object, memory, texts)
                         : H5Dread(object, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, texts);
    if (status >= 0) {
      for (hssize_t i = 0; i < count; i++) {
        const char *text = texts[i] ? texts[i] : "";
        each(context, text, strlen(text));
      }
      H5Dvlen_reclaim(memory, space, H5P_DEFAULT, texts);
    }
    H5Tclose(memory);
    free(texts);
  } else {
    size_t size = H5Tget_size(stored);
    char *bytes = calloc((size_t)count, size);
    status = !bytes       ? fail("out of memory")
             : attribute ? H5Aread(object, stored, bytes)
                         : H5Dread(object, stored, H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes);
    if (status >= 0) each_fixed(bytes, size, count, H5Tget_strpad(stored), each, context);
    free(bytes);
  }
  H5Tclose(stored);
  H5Sclose(space);
  return status < 0 ? -1 : 0;
}

int ch_read_strings(ch_file file, const char *name, void (*each)(void *, const char *, size_t),
                    void *context) {
  hid_t set = H5Dopen2(file, name, H5P_DEFAULT);
  if (set < 0) return -1;
  int status = strings_of(set, 0, each, context);
  H5Dclose(set);
  return status;
}

// Chunks of about 1 MiB of whole rows, each with a Fletcher32 checksum. No time stamps: equal content gives
// equal bytes.
static hid_t layout_of(int stored, int rank, const hsize_t *dims) {
  hid_t layout = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_obj_track_times(layout, 0);
  hsize_t row = stored == CH_F16 ? 2 : stored == CH_F32 ? 4 : 8;
  for (int i = 1; i < rank; i++) row *= dims[i];
  if (rank == 0 || row == 0) return layout;
  hsize_t chunk[CH_MAX_RANK], most = ((hsize_t)1 << 20) / row;
  memcpy(chunk, dims, sizeof *dims * (size_t)rank);
  chunk[0] = most < 1 ? 1 : dims[0] > 0 && dims[0] < most ? dims[0] : most;
  H5Pset_chunk(layout, rank, chunk);
  H5Pset_fletcher32(layout);
  return layout;
}

static int put(ch_file file, const char *name, hid_t stored, hid_t memory, hid_t space, hid_t layout,
               int empty, const void *data) {
  hid_t links = H5Pcreate(H5P_LINK_CREATE);
  H5Pset_create_intermediate_group(links, 1);
  hid_t set = H5Dcreate2(file, name, stored, space, links, layout, H5P_DEFAULT);
  int status = set < 0 ? -1 : 0;
  if (status >= 0 && !empty) status = H5Dwrite(set, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, data);
  if (set >= 0 && H5Dclose(set) < 0) status = -1;
  H5Pclose(links);
  return status < 0 ? -1 : 0;
}

int ch_write(ch_file file, const char *name, int stored, int type, int rank, const uint64_t *dims,
             const void *data) {
  hsize_t sizes[CH_MAX_RANK], most[CH_MAX_RANK], total = 1, row = 1;
  if (rank > CH_MAX_RANK) return fail("has too many dimensions");
  for (int i = 0; i < rank; i++) {
    sizes[i] = most[i] = dims[i];
    total *= dims[i];
    if (i > 0) row *= dims[i];
  }
  if (rank > 0 && row > 0) most[0] = H5S_UNLIMITED;
  hid_t space = rank == 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple(rank, sizes, most);
  hid_t layout = layout_of(stored, rank, sizes), kept = file_type(stored);
  int status = put(file, name, kept, memory_type(type), space, layout, total == 0, data);
  H5Tclose(kept);
  H5Pclose(layout);
  H5Sclose(space);
  return status;
}

int ch_write_strings(ch_file file, const char *name, const char *const *strings, uint64_t count) {
  hsize_t dims[1] = {count};
  hid_t space = H5Screate_simple(1, dims, NULL), type = text_type(), layout = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_obj_track_times(layout, 0);
  int status = put(file, name, type, type, space, layout, count == 0, strings);
  H5Pclose(layout);
  H5Tclose(type);
  H5Sclose(space);
  return status;
}

int ch_append(ch_file file, const char *name, int type, uint64_t rows, const void *data) {
  hid_t set = H5Dopen2(file, name, H5P_DEFAULT);
  if (set < 0) return -1;
  hid_t space = H5Dget_space(set);
  hsize_t dims[CH_MAX_RANK], start[CH_MAX_RANK] = {0};
  int rank = H5Sget_simple_extent_dims(space, dims, NULL);
  H5Sclose(space);
  int status = rank < 1 ? fail("a scalar cannot grow") : 0;
  if (status >= 0 && rows > 0) {
    start[0] = dims[0];
    dims[0] += rows;
    status = H5Dset_extent(set, dims);
    dims[0] = rows;
    hid_t all = H5Dget_space(set), memory = H5Screate_simple(rank, dims, NULL);
    if (status >= 0) status = H5Sselect_hyperslab(all, H5S_SELECT_SET, start, NULL, dims, NULL);
    if (status >= 0) status = H5Dwrite(set, memory_type(type), memory, all, H5P_DEFAULT, data);
    H5Sclose(memory);
    H5Sclose(all);
  }
  if (H5Dclose(set) < 0) status = -1;
  return status < 0 ? -1 : 0;
}

// ---- attributes ----

int ch_has_attribute(ch_file file, const char *object, const char *name) {
  htri_t there = H5Aexists_by_name(file, object, name, H5P_DEFAULT);
  return there < 0 ? -1 : there > 0;
}

static hid_t attribute_of(ch_file file, const char *object, const char *name) {
  return H5Aopen_by_name(file, object, name, H5P_DEFAULT, H5P_DEFAULT);
}

int ch_attribute_shape(ch_file file, const char *object, const char *name, uint64_t *count, int *element) {
  hid_t attribute = attribute_of(file, object, name);
  if (attribute < 0) return -1;
  hid_t space = H5Aget_space(attribute), type = H5Aget_type(attribute);
  hssize_t points = H5Sget_simple_extent_npoints(space);
  *count = points < 0 ? 0 : (uint64_t)points;
  *element = element_of(type);
  H5Tclose(type);
  H5Sclose(space);
  H5Aclose(attribute);
  return points < 0 ? -1 : 0;
}

int ch_read_attribute(ch_file file, const char *object, const char *name, int type, void *out) {
  hid_t attribute = attribute_of(file, object, name);
  if (attribute < 0) return -1;
  int status = H5Aread(attribute, memory_type(type), out);
  H5Aclose(attribute);
  return status < 0 ? -1 : 0;
}

int ch_read_string_attribute(ch_file file, const char *object, const char *name,
                             void (*each)(void *, const char *, size_t), void *context) {
  hid_t attribute = attribute_of(file, object, name);
  if (attribute < 0) return -1;
  int status = strings_of(attribute, 1, each, context);
  H5Aclose(attribute);
  return status;
}

static int put_attribute(ch_file file, const char *object, const char *name, hid_t stored, hid_t memory,
                         hid_t space, int empty, const void *value) {
  if (ch_has_attribute(file, object, name) > 0 && H5Adelete_by_name(file, object, name, H5P_DEFAULT) < 0)
    return -1;
  hid_t attribute =
      H5Acreate_by_name(file, object, name, stored, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  if (attribute < 0) return -1;
  int status = empty ? 0 : H5Awrite(attribute, memory, value);
  H5Aclose(attribute);
  return status < 0 ? -1 : 0;
}

int ch_set_attribute(ch_file file, const char *object, const char *name, int type, const void *value) {
  hid_t space = H5Screate(H5S_SCALAR), stored = file_type(type);
  int status = put_attribute(file, object, name, stored, memory_type(type), space, 0, value);
  H5Tclose(stored);
  H5Sclose(space);
  return status;
}

int ch_set_string_attribute(ch_file file, const char *object, const char *name, const char *value) {
  hid_t space = H5Screate(H5S_SCALAR), type = text_type();
  int status = put_attribute(file, object, name, type, type, space, 0, &value);
  H5Tclose(type);
  H5Sclose(space);
  return status;
}

int ch_set_strings_attribute(ch_file file, const char *object, const char *name, const char *const *values,
                             uint64_t count) {
  hsize_t dims[1] = {count};
  hid_t space = H5Screate_simple(1, dims, NULL), type = text_type();
  int status = put_attribute(file, object, name, type, type, space, count == 0, values);
  H5Tclose(type);
  H5Sclose(space);
  return status;
}
