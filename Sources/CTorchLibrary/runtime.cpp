// Threads, versions, BLAS kernels, determinism, mixed precision.
#include "support.hpp"

#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/autocast_mode.h>
#include <cstdlib>
#include <dlfcn.h>
#include <set>
#include <torch/version.h>

namespace {
template <typename Function>
Function symbol(const char *name) {
  return reinterpret_cast<Function>(dlsym(RTLD_DEFAULT, name));
}
}  // namespace

int ct_set_threads(int32_t threads) {
  CT_GUARD({
    TORCH_CHECK(threads > 0, "the number of threads must be positive, not ", threads);
    at::set_num_threads(threads);
    if (auto set = symbol<void (*)(int)>("openblas_set_num_threads")) set(threads);
  })
}

int32_t ct_threads(void) { return at::get_num_threads(); }
const char *ct_version(void) { return TORCH_VERSION; }

const char *ct_cpu_capability(void) {
  // Not every version exports the name itself, all of them print it.
  static const std::string name = [] {
    const std::string text = at::show_config(), key = "CPU capability usage: ";
    auto start = text.find(key);
    if (start == std::string::npos) return std::string("unknown");
    start += key.size();
    return text.substr(start, text.find('\n', start) - start);
  }();
  return name.c_str();
}

// Not hasCUDA(): that is false where a CUDA build finds no GPU.
bool ct_cuda_built(void) { return at::globalContext().hasCUDART(); }

int32_t ct_cuda_devices(void) { return at::hasCUDA() ? static_cast<int32_t>(at::detail::getCUDAHooks().getNumGPUs()) : 0; }

const char *ct_blas_core(void) {
  auto name = symbol<char *(*)(void)>("openblas_get_corename");
  return name ? name() : nullptr;
}

int32_t ct_blas_threads(void) {
  auto count = symbol<int (*)(void)>("openblas_get_num_threads");
  return count ? count() : -1;
}

bool ct_blas_redetect(void) {
  auto quit = symbol<void (*)(void)>("gotoblas_dynamic_quit");
  auto init = symbol<void (*)(void)>("gotoblas_dynamic_init");
  if (!quit || !init) return false;
  unsetenv("OPENBLAS_CORETYPE");
  quit();
  init();
  return true;
}

#if TORCH_VERSION_MAJOR >= 2
namespace {
/// Operators without a deterministic kernel say so at every call; once is enough.
struct EachOnce : c10::WarningHandler {
  std::set<std::string> said;
  void process(const c10::Warning &warning) override {
    if (said.insert(warning.msg()).second) c10::WarningHandler::process(warning);
  }
};
}  // namespace

static void say_each_once() {
  static EachOnce handler;
  c10::WarningUtils::set_warning_handler(&handler);
}
#else
static void say_each_once() {}
#endif

int ct_set_deterministic(bool on) {
  CT_GUARD({
    if (ct_cuda_built()) {
      say_each_once();
      // cuBLAS reads it when it starts; without it its sums depend on what else runs.
      setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", 0);
      // Factors of ten bits would set a GPU's float32 apart from a CPU's; who wants speed takes bf16.
      at::globalContext().setAllowTF32CuDNN(false);
      at::globalContext().setAllowTF32CuBLAS(false);
    }
    at::globalContext().setDeterministicAlgorithms(on, /*warn_only=*/true);
    at::globalContext().setDeterministicCuDNN(on);
    if (on) at::globalContext().setBenchmarkCuDNN(false);
  })
}

#if TORCH_VERSION_MAJOR >= 2 && TORCH_VERSION_MINOR >= 4
static void autocast(int32_t device, bool on, at::ScalarType type) {
  auto kind = device < 0 ? at::kCPU : at::kCUDA;
  if (on) at::autocast::set_autocast_dtype(kind, type);
  at::autocast::set_autocast_enabled(kind, on);
}
#else
static void autocast(int32_t device, bool on, at::ScalarType type) {
  if (device < 0) {
    if (on) at::autocast::set_autocast_cpu_dtype(type);
    at::autocast::set_cpu_enabled(on);
  } else {
    if (on) at::autocast::set_autocast_gpu_dtype(type);
    at::autocast::set_enabled(on);
  }
}
#endif

bool ct::autocasts() {
#if TORCH_VERSION_MAJOR >= 2 && TORCH_VERSION_MINOR >= 4
  return at::autocast::is_autocast_enabled(at::kCPU);
#else
  return at::autocast::is_cpu_enabled();
#endif
}

at::ScalarType ct::autocast_type() {
#if TORCH_VERSION_MAJOR >= 2 && TORCH_VERSION_MINOR >= 4
  return at::autocast::get_autocast_dtype(at::kCPU);
#else
  return at::autocast::get_autocast_cpu_dtype();
#endif
}

int ct_autocast_begin(ct_dtype dtype, int32_t device) {
  CT_GUARD({
    autocast(device, true, ct::scalar_type(dtype));
    at::autocast::increment_nesting();
  })
}

int ct_autocast_end(int32_t device) {
  CT_GUARD({
    if (at::autocast::decrement_nesting() == 0) {
      at::autocast::clear_cache();
      autocast(device, false, at::kFloat);
    }
  })
}
