#include "library.h"

#include <dlfcn.h>

namespace csp {
namespace {

template <typename Function>
void find(void *handle, const char *name, Function &function, std::string &problem) {
  function = reinterpret_cast<Function>(dlsym(handle, name));
  if (!function && problem.empty()) problem = std::string("libsentencepiece.so.0 lacks ") + name;
}

Library open_library() {
  Library l{};
  void *handle = dlopen("libsentencepiece.so.0", RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
  if (!handle) {
    const char *reason = dlerror();
    l.problem = reason ? reason : "libsentencepiece.so.0 cannot be loaded";
    return l;
  }
#define PROCESSOR "13sentencepiece22SentencePieceProcessor"
#define STATUS "13sentencepiece4util6Status"
#define VIEW "St17basic_string_viewIcSt11char_traitsIcEE"
  find(handle, "_ZN" PROCESSOR "C1Ev", l.construct, l.problem);
  find(handle, "_ZN" PROCESSOR "D1Ev", l.destroy, l.problem);
  find(handle, "_ZN" PROCESSOR "23LoadFromSerializedProtoE" VIEW, l.load, l.problem);
  find(handle, "_ZNK" PROCESSOR "6EncodeE" VIEW "PSt6vectorIiSaIiEE", l.encode, l.problem);
  find(handle, "_ZNK" PROCESSOR "12GetPieceSizeEv", l.piece_count, l.problem);
  find(handle, "_ZNK" PROCESSOR "9PieceToIdE" VIEW, l.piece_id, l.problem);
  find(handle, "_ZNK" PROCESSOR "9IdToPieceB5cxx11Ei", l.piece, l.problem);
  find(handle, "_ZNK" PROCESSOR "6unk_idEv", l.unknown_id, l.problem);
  find(handle, "_ZNK" PROCESSOR "6pad_idEv", l.padding_id, l.problem);
  find(handle, "_ZN" STATUS "D1Ev", l.status_destroy, l.problem);
  find(handle, "_ZNK" STATUS "8ToStringB5cxx11Ev", l.status_text, l.problem);
  return l;
}

}  // namespace

const Library &library() {
  static const Library opened = open_library();
  return opened;
}

Status::~Status() { library().status_destroy(this); }
std::string Status::text() const { return library().status_text(this); }

}  // namespace csp
