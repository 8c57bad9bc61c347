#include "lazy_library.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

// As the dynamic linker does where a library is missing at start: without it nothing that was asked for can be done, and no
// single file or cell is to blame.
static _Noreturn void give_up(const lazy_library *library) {
  const char *reason = dlerror();
  fprintf(stderr, "ieum: %s, which belongs beside the program, cannot be used: %s\n", library->file,
          reason ? reason : "unknown reason");
  fputs("ieum: `swift build` makes it, `scripts/setup.sh` installs what it needs\n", stderr);
  _exit(1);
}

/// Called by lazy_resolve at a function's first calls, by several threads perhaps.
__attribute__((visibility("hidden"))) void *lazy_find(lazy_call *call) {
  static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  lazy_library *library = call->library;
  pthread_mutex_lock(&lock);
  // A name without a folder is looked for in the program's RUNPATH, which begins where the program lies. Local, so that
  // what libtorch and libav bring with them does not mix; BLAS and OpenMP are the program's own.
  if (!library->handle) library->handle = dlopen(library->file, RTLD_LAZY | RTLD_LOCAL);
  void *address = library->handle ? dlsym(library->handle, call->name) : NULL;
  if (!address) give_up(library);
  pthread_mutex_unlock(&lock);
  __atomic_store_n(&call->address, address, __ATOMIC_RELEASE);
  return address;
}
