// Greedy by size: the largest stretches first, each at the lowest place that is free for its whole life.
#include "arena.hpp"

#include <algorithm>
#include <new>
#include <numeric>
#include <sys/mman.h>
#include <utility>

namespace ct {

static constexpr size_t line = 4096;

size_t lay_out(std::vector<Stretch> &stretches) {
  std::vector<size_t> order(stretches.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return stretches[a].bytes > stretches[b].bytes; });
  std::vector<size_t> placed;
  size_t total = 0;
  for (size_t index : order) {
    Stretch &own = stretches[index];
    const size_t bytes = (own.bytes + line - 1) / line * line;
    std::vector<std::pair<size_t, size_t>> taken;
    for (size_t other : placed) {
      const Stretch &there = stretches[other];
      if (there.first <= own.last && own.first <= there.last)
        taken.emplace_back(there.offset, there.offset + (there.bytes + line - 1) / line * line);
    }
    std::sort(taken.begin(), taken.end());
    size_t offset = 0;
    for (const auto &[begin, end] : taken) {
      if (offset + bytes <= begin) break;
      offset = std::max(offset, end);
    }
    own.offset = offset;
    total = std::max(total, offset + bytes);
    placed.push_back(index);
  }
  return total;
}

Memory::Memory(size_t size) : bytes((std::max<size_t>(size, 1) + line - 1) / line * line) {
  void *pages = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) throw std::bad_alloc();
  madvise(pages, bytes, MADV_HUGEPAGE);
  start = static_cast<char *>(pages);
}

Memory::~Memory() {
  if (start) munmap(start, bytes);
}

Memory::Memory(Memory &&other) noexcept
    : start(std::exchange(other.start, nullptr)), bytes(std::exchange(other.bytes, 0)) {}

Memory &Memory::operator=(Memory &&other) noexcept {
  std::swap(start, other.start);
  std::swap(bytes, other.bytes);
  return *this;
}

float *workspace(size_t count) {
  static thread_local Memory own;
  if (own.size() < count * sizeof(float)) own = Memory(2 * count * sizeof(float));
  return reinterpret_cast<float *>(own.data());
}

}  // namespace ct
