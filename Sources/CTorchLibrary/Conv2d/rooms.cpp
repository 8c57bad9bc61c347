#include "rooms.hpp"

#include <cstdlib>
#include <map>
#include <mutex>
#include <new>

namespace ct {
namespace {

constexpr size_t page = 4096;

/// What is free at the moment, by size.
struct Rooms {
  std::mutex mutex;
  std::multimap<size_t, void *> free;

  void *take(size_t bytes) {
    std::lock_guard<std::mutex> lock(mutex);
    auto found = free.lower_bound(bytes);
    if (found == free.end() && !free.empty()) {
      // The next one grows, so that there are never more than are in use at once.
      auto largest = std::prev(found);
      std::free(largest->second);
      free.erase(largest);
    } else if (found != free.end()) {
      void *result = found->second;
      sizes.emplace(result, found->first);
      free.erase(found);
      return result;
    }
    void *result = std::aligned_alloc(page, bytes);
    if (!result) throw std::bad_alloc();
    sizes.emplace(result, bytes);
    return result;
  }

  void give(void *room) {
    std::lock_guard<std::mutex> lock(mutex);
    auto known = sizes.find(room);
    free.emplace(known->second, room);
    sizes.erase(known);
  }

 private:
  std::map<void *, size_t> sizes;
};

Rooms &rooms() {
  static auto *const all = new Rooms;  // Tensors may outlive every static.
  return *all;
}

}  // namespace

at::Tensor room(size_t bytes) {
  size_t whole = (bytes / page + 1) * page;
  return at::from_blob(rooms().take(whole), {static_cast<int64_t>(whole)}, [](void *room) { rooms().give(room); },
                       at::TensorOptions(at::kByte));
}

}  // namespace ct
