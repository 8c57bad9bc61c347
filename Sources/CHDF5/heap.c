// Checks the references of variable-length strings: libhdf5 1.10 follows an index beyond its heap, and copies as many bytes
// as a reference claims.
#include "heap.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { REFERENCE = 16, HEADER = 16, INDICES = 1 << 16 };

struct heaps {
  int descriptor;
  uint64_t base, end;
  // The collection looked at last, and the size of each of its objects + 1; 0 = there is none.
  uint64_t address;
  uint64_t sizes[INDICES];
};

static uint64_t little(const unsigned char *bytes, int count) {
  uint64_t value = 0;
  for (int i = count - 1; i >= 0; i--) value = value << 8 | bytes[i];
  return value;
}

static int read_at(const struct heaps *heaps, uint64_t address, void *out, size_t count) {
  if (address > heaps->end || count > heaps->end - address) return 0;
  return pread(heaps->descriptor, out, count, (off_t)(heaps->base + address)) == (ssize_t)count;
}

// Lists the objects of the collection at an address; 0 when it is none.
static int open_collection(struct heaps *heaps, uint64_t address) {
  unsigned char head[HEADER];
  if (!read_at(heaps, address, head, HEADER) || memcmp(head, "GCOL\1", 5) != 0) return 0;
  uint64_t size = little(head + 8, 8);
  if (size < HEADER || size > heaps->end - address) return 0;
  memset(heaps->sizes, 0, sizeof heaps->sizes);
  for (uint64_t place = HEADER; place + HEADER <= size;) {
    if (!read_at(heaps, address + place, head, HEADER)) return 0;
    uint64_t index = little(head, 2), length = little(head + 8, 8);
    // Number 0 is what is left over.
    if (index == 0) break;
    if (length > size - place - HEADER) return 0;
    heaps->sizes[index] = length + 1;
    place += HEADER + (length + 7) / 8 * 8;
  }
  heaps->address = address;
  return 1;
}

static int holds(struct heaps *heaps, const unsigned char *reference) {
  uint64_t length = little(reference, 4), address = little(reference + 4, 8), index = little(reference + 12, 4);
  if (length == 0 || address == 0) return 1;
  if (address != heaps->address && !open_collection(heaps, address)) return 0;
  return index < INDICES && heaps->sizes[index] > length;
}

int ch_strings_in_heaps(hid_t set, uint64_t count) {
  haddr_t place = H5Dget_offset(set);
  hid_t file = H5Iget_file_id(set), made = H5Fget_create_plist(file);
  size_t addresses = 0, lengths = 0;
  hsize_t block = 0;
  void *handle = NULL;
  H5Pget_sizes(made, &addresses, &lengths);
  H5Pget_userblock(made, &block);
  int isPlain = place != HADDR_UNDEF && place >= block && addresses == 8 && lengths == 8
                && H5Fget_vfd_handle(file, H5P_DEFAULT, &handle) >= 0 && handle;
  int answer = 1;
  struct stat status;
  struct heaps *heaps = isPlain ? calloc(1, sizeof *heaps) : NULL;
  unsigned char *references = isPlain && count < (uint64_t)1 << 40 ? malloc((size_t)count * REFERENCE) : NULL;
  if (heaps && references && fstat(*(int *)handle, &status) == 0) {
    heaps->descriptor = *(int *)handle;
    heaps->base = block;
    heaps->end = (uint64_t)status.st_size - block;
    if (read_at(heaps, place - block, references, (size_t)count * REFERENCE))
      for (uint64_t i = 0; answer && i < count; i++) answer = holds(heaps, references + i * REFERENCE);
  }
  free(references);
  free(heaps);
  H5Pclose(made);
  H5Fclose(file);
  return answer;
}
