// libsentencepiece, loaded at run time with its symbols kept apart.
//
// The library carries its own copy of protobuf and exports it; libtorch's dependencies bring another, and linked into one
// program the two mix and crash before main. So it is opened with its own symbols first (RTLD_DEEPBIND), and its few
// functions, C++'s, are called through pointers.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace csp {

// A status as the library returns it: one owning pointer, destroyed by the library.
struct Status {
  void *representation = nullptr;
  Status() = default;
  Status(const Status &) = delete;
  ~Status();
  // No representation means success.
  bool ok() const { return representation == nullptr; }
  std::string text() const;
};

// The library's functions; `this` is the first argument, as in the Itanium C++ ABI.
struct Library {
  void (*construct)(void *);
  void (*destroy)(void *);
  Status (*load)(void *, std::string_view);
  Status (*encode)(const void *, std::string_view, std::vector<int> *);
  int (*piece_count)(const void *);
  int (*piece_id)(const void *, std::string_view);
  const std::string &(*piece)(const void *, int);
  int (*unknown_id)(const void *);
  int (*padding_id)(const void *);
  void (*status_destroy)(void *);
  std::string (*status_text)(const void *);
  // Why the library cannot be used; empty when it can.
  std::string problem;
};

// Opened at the first call; safe from several threads.
const Library &library();

}  // namespace csp
