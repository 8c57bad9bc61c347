// Where in one block of memory each activation lies, by when it is alive.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

namespace ct {

// A stretch of memory that is in use from step `first` to step `last`, both included.
struct Stretch {
  size_t bytes = 0;
  int first = 0, last = 0;
  size_t offset = 0;
};

// Sets the offsets so that stretches alive at the same time do not overlap; returns the bytes needed in all.
size_t lay_out(std::vector<Stretch> &stretches);

// Zeroed memory aligned to pages, in large ones where the system gives them.
class Memory {
 public:
  Memory() = default;
  explicit Memory(size_t bytes);
  ~Memory();
  Memory(Memory &&other) noexcept;
  Memory &operator=(Memory &&other) noexcept;
  char *data() const { return start; }
  size_t size() const { return bytes; }

 private:
  char *start = nullptr;
  size_t bytes = 0;
};

// Working memory of the calling thread for `count` floats, aligned to cache lines: a vector load that straddles two
// costs twice. Valid until the next call on the same thread.
float *workspace(size_t count);

}  // namespace ct
