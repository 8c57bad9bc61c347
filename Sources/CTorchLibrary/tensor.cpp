// Handles: creation, shape, bytes, conversion.
#include "support.hpp"

#include <atomic>
#include <cstring>

namespace {
thread_local std::string last_error;
std::atomic<int64_t> live{0};

ct_dtype dtype_of(at::ScalarType type) {
  switch (type) {
    case at::kFloat: return CT_FLOAT32;
    case at::kDouble: return CT_FLOAT64;
    case at::kBFloat16: return CT_BFLOAT16;
    case at::kHalf: return CT_FLOAT16;
    case at::kLong: return CT_INT64;
    case at::kInt: return CT_INT32;
    case at::kByte: return CT_UINT8;
    case at::kBool: return CT_BOOL;
    default: TORCH_CHECK(false, "element type ", type, " is not supported");
  }
}
}  // namespace

namespace ct {

void set_error(const std::string &message) { last_error = message; }

ct_tensor wrap(at::Tensor value) {
  auto handle = new ct_tensor_s{std::move(value)};
  live.fetch_add(1, std::memory_order_relaxed);
  return handle;
}

at::ScalarType scalar_type(ct_dtype dtype) {
  switch (dtype) {
    case CT_FLOAT32: return at::kFloat;
    case CT_FLOAT64: return at::kDouble;
    case CT_BFLOAT16: return at::kBFloat16;
    case CT_FLOAT16: return at::kHalf;
    case CT_INT64: return at::kLong;
    case CT_INT32: return at::kInt;
    case CT_UINT8: return at::kByte;
    case CT_BOOL: return at::kBool;
  }
  TORCH_CHECK(false, "unknown element type ", static_cast<int>(dtype));
}

at::Device device(int32_t index) {
  return index < 0 ? at::Device(at::kCPU) : at::Device(at::kCUDA, static_cast<c10::DeviceIndex>(index));
}

at::Tensor moved(const at::Tensor &x, at::Device to) {
  constexpr size_t small = size_t(1) << 20;
  if (!x.device().is_cpu() || !to.is_cuda()) return x.to(to);
  bool records = at::GradMode::is_enabled() && x.requires_grad();
  // Masks and indices are pinned on the way; what is large is pinned by whoever prepares it, off the training's thread.
  bool pins = !records && !x.is_pinned() && x.nbytes() <= small;
  auto source = pins ? x.pin_memory() : x;
  return source.to(to, source.scalar_type(), /*non_blocking=*/source.is_pinned());
}

}  // namespace ct

const char *ct_last_error(void) { return last_error.c_str(); }

int ct_tensor_from_data(const void *data, ct_dtype dtype, const int64_t *shape, int64_t rank, ct_tensor *out) {
  CT_GUARD({
    auto result = at::empty(ct::ints(shape, rank), at::TensorOptions(ct::scalar_type(dtype)));
    if (result.numel() > 0) std::memcpy(result.data_ptr(), data, result.nbytes());
    *out = ct::wrap(result);
  })
}

int ct_tensor_full(double value, ct_dtype dtype, int32_t device, const int64_t *shape, int64_t rank, ct_tensor *out) {
  CT_RETURN(at::full(ct::ints(shape, rank), value,
                     at::TensorOptions(ct::scalar_type(dtype)).device(ct::device(device))))
}

int ct_tensor_arange(double start, double end, double step, ct_dtype dtype, ct_tensor *out) {
  CT_RETURN(at::arange(start, end, step, at::TensorOptions(ct::scalar_type(dtype))))
}

int ct_tensor_eye(int64_t n, ct_dtype dtype, ct_tensor *out) {
  CT_RETURN(at::eye(n, at::TensorOptions(ct::scalar_type(dtype))))
}

void ct_tensor_free(ct_tensor t) {
  if (!t) return;
  delete t;
  live.fetch_sub(1, std::memory_order_relaxed);
}

int64_t ct_live_tensors(void) { return live.load(std::memory_order_relaxed); }
int64_t ct_tensor_rank(ct_tensor t) { return t->value.dim(); }
int64_t ct_tensor_count(ct_tensor t) { return t->value.numel(); }

void ct_tensor_shape(ct_tensor t, int64_t *shape) {
  auto sizes = t->value.sizes();
  std::copy(sizes.begin(), sizes.end(), shape);
}

int ct_tensor_dtype(ct_tensor t, ct_dtype *dtype) { CT_GUARD(*dtype = dtype_of(t->value.scalar_type())) }

int32_t ct_tensor_device(ct_tensor t) {
  auto device = t->value.device();
  return device.is_cpu() ? -1 : static_cast<int32_t>(device.has_index() ? device.index() : 0);
}

bool ct_tensor_is_channels_last(ct_tensor t) {
  return t->value.dim() == 4 && t->value.is_contiguous(at::MemoryFormat::ChannelsLast);
}

int ct_tensor_read(ct_tensor t, ct_dtype dtype, void *buffer, int64_t bytes) {
  CT_GUARD({
    auto plain = t->value.detach().to(at::TensorOptions(at::kCPU).dtype(ct::scalar_type(dtype))).contiguous();
    TORCH_CHECK(static_cast<int64_t>(plain.nbytes()) == bytes, "reading ", plain.nbytes(), " bytes into ", bytes);
    if (bytes > 0) std::memcpy(buffer, plain.data_ptr(), plain.nbytes());
  })
}

int ct_tensor_to(ct_tensor t, ct_dtype dtype, int32_t device, ct_tensor *out) {
  CT_RETURN(ct::moved(t->value, ct::device(device)).to(ct::scalar_type(dtype)))
}

int ct_tensor_pinned(ct_tensor t, ct_tensor *out) { CT_RETURN(t->value.device().is_cpu() ? t->value.pin_memory() : t->value) }

int ct_tensor_format(ct_tensor t, ct_format format, ct_tensor *out) {
  CT_RETURN(t->value.contiguous(
      format == CT_CHANNELS_LAST ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous))
}

int ct_tensor_clone(ct_tensor t, ct_tensor *out) { CT_RETURN(t->value.clone()) }

int ct_tensor_assign(ct_tensor dst, ct_tensor src) {
  CT_GUARD({
    c10::NoGradGuard guard;
    TORCH_CHECK(dst->value.sizes() == src->value.sizes(), "assigning shape ", src->value.sizes(), " to ",
                dst->value.sizes());
    dst->value.copy_(src->value);
  })
}
