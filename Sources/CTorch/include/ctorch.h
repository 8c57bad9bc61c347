/// C surface of libtorch for the Tensors room.
///
/// Every function returns CT_OK or CT_FAILED; on failure ct_last_error() holds one message for the calling thread.
/// No C++ exception crosses. An out-parameter `ct_tensor *out` receives a handle that the caller owns and
/// gives back with ct_tensor_free; handles passed in are only borrowed. A nullable handle is marked so.
/// Devices: -1 is the CPU, n >= 0 the CUDA device n. Dimensions may be negative (counted from the end).
#ifndef CTORCH_H
#define CTORCH_H

#include <stdbool.h>
#include <stdint.h>

#include "ctorch_plan.h"
#include "ctorch_layers.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ct_tensor_s *ct_tensor;

enum { CT_OK = 0, CT_FAILED = 1 };

typedef enum {
  CT_FLOAT32, CT_FLOAT64, CT_BFLOAT16, CT_FLOAT16, CT_INT64, CT_INT32, CT_UINT8, CT_BOOL
} ct_dtype;

typedef enum { CT_CONTIGUOUS, CT_CHANNELS_LAST } ct_format;

typedef enum {
  CT_NEG, CT_EXP, CT_LOG, CT_SQRT, CT_RSQRT, CT_ABS, CT_SQUARE, CT_SIGMOID, CT_TANH, CT_RELU, CT_SILU, CT_GELU,
  CT_GELU_TANH, CT_SOFTPLUS, CT_LOG_SIGMOID, CT_SIN, CT_COS, CT_SIGN, CT_NOT, CT_IS_FINITE, CT_RELU6, CT_HARD_SWISH
} ct_unary_op;

typedef enum {
  CT_ADD, CT_SUB, CT_MUL, CT_DIV, CT_POW, CT_MATMUL, CT_MAXIMUM, CT_MINIMUM,
  CT_EQ, CT_NE, CT_GT, CT_LT, CT_GE, CT_LE, CT_AND, CT_OR
} ct_binary_op;

typedef enum {
  CT_SUM, CT_MEAN, CT_AMAX, CT_AMIN, CT_LOG_SUM_EXP, CT_ARGMAX, CT_ARGMIN, CT_NORM2, CT_ANY, CT_ALL, CT_PROD
} ct_reduce_op;

/// How a 1-D convolution is computed; automatic = the cheaper one by a cost model.
typedef enum { CT_CONV1D_AUTOMATIC, CT_CONV1D_DIRECT, CT_CONV1D_FOURIER, CT_CONV1D_LIBRARY } ct_conv1d_engine;

typedef enum { CT_RNN, CT_LSTM, CT_GRU } ct_recurrent_kind;

/// The message of the last failure on this thread; valid until the next failing call.
const char *ct_last_error(void);

// MARK: tensor.cpp: creation, shape, bytes

/// Copies row-major `data` into a new CPU tensor.
int ct_tensor_from_data(const void *data, ct_dtype dtype, const int64_t *shape, int64_t rank, ct_tensor *out);
int ct_tensor_full(double value, ct_dtype dtype, int32_t device, const int64_t *shape, int64_t rank, ct_tensor *out);
int ct_tensor_arange(double start, double end, double step, ct_dtype dtype, ct_tensor *out);
int ct_tensor_eye(int64_t n, ct_dtype dtype, ct_tensor *out);
void ct_tensor_free(ct_tensor t);
/// Handles alive in this process.
int64_t ct_live_tensors(void);
int64_t ct_tensor_rank(ct_tensor t);
/// Writes `rank` sizes.
void ct_tensor_shape(ct_tensor t, int64_t *shape);
int64_t ct_tensor_count(ct_tensor t);
int ct_tensor_dtype(ct_tensor t, ct_dtype *dtype);
int32_t ct_tensor_device(ct_tensor t);
bool ct_tensor_is_channels_last(ct_tensor t);
/// Converts to `dtype` and writes `bytes` bytes, row-major; fails when they are not exactly the tensor's.
int ct_tensor_read(ct_tensor t, ct_dtype dtype, void *buffer, int64_t bytes);
/// A pinned or small CPU tensor goes to a GPU without waiting for what is queued there.
int ct_tensor_to(ct_tensor t, ct_dtype dtype, int32_t device, ct_tensor *out);
/// A copy in memory that a GPU reads by itself (the tensor itself where it is there, or on a GPU). Fails without a GPU.
int ct_tensor_pinned(ct_tensor t, ct_tensor *out);
int ct_tensor_format(ct_tensor t, ct_format format, ct_tensor *out);
int ct_tensor_clone(ct_tensor t, ct_tensor *out);
/// dst <- src (converted), outside autograd; same shape.
int ct_tensor_assign(ct_tensor dst, ct_tensor src);

// MARK: autograd.cpp: gradients and optimiser steps

int ct_set_requires_grad(ct_tensor t, bool on);
bool ct_requires_grad(ct_tensor t);
/// *out is NULL where there is no gradient.
int ct_grad(ct_tensor t, ct_tensor *out);
/// Drops the gradient.
int ct_zero_grad(ct_tensor t);
/// `gradient` may be NULL for a scalar.
int ct_backward(ct_tensor t, ct_tensor gradient, bool retain_graph);
int ct_detach(ct_tensor t, ct_tensor *out);
bool ct_grad_mode(void);
void ct_set_grad_mode(bool on);
/// Scales the gradients in place so that their joint 2-norm is at most max_norm; *norm is the norm before, NaN for
/// gradients on a GPU, where reading it would wait for the step.
int ct_clip_grad_norm(const ct_tensor *parameters, int64_t count, double max_norm, double *norm);
/// One SGD step over `count` parameters; `momentum_buffers` are updated when momentum > 0 (first = first step ever).
int ct_sgd_step(const ct_tensor *parameters, const ct_tensor *momentum_buffers, int64_t count, double learning_rate,
                double momentum, double dampening, double weight_decay, bool nesterov, bool first);
/// One Adam (decoupled = false) or AdamW (true) step number `step` (from 1).
int ct_adam_step(const ct_tensor *parameters, const ct_tensor *first_moments, const ct_tensor *second_moments,
                 int64_t count, int64_t step, double learning_rate, double beta1, double beta2, double epsilon,
                 double weight_decay, bool decoupled);

// MARK: ops.cpp: element-wise, reductions, indexing

int ct_unary(ct_unary_op op, ct_tensor a, ct_tensor *out);
int ct_binary(ct_binary_op op, ct_tensor a, ct_tensor b, ct_tensor *out);
/// a op scalar, or scalar op a when `scalar_first`.
int ct_binary_scalar(ct_binary_op op, ct_tensor a, double scalar, bool scalar_first, ct_tensor *out);
/// `low`, `high` may be NULL.
int ct_clamp(ct_tensor a, const double *low, const double *high, ct_tensor *out);
/// Over `dims`; count 0 = over everything.
int ct_reduce(ct_reduce_op op, ct_tensor a, const int64_t *dims, int64_t count, bool keep, ct_tensor *out);
/// Values and indices of the largest (or smallest) entries along `dim`.
int ct_extreme(ct_tensor a, int64_t dim, bool keep, bool largest, ct_tensor *values, ct_tensor *indices);
int ct_topk(ct_tensor a, int64_t k, int64_t dim, bool largest, ct_tensor *values, ct_tensor *indices);
int ct_softmax(ct_tensor a, int64_t dim, bool logarithm, ct_tensor *out);
int ct_cumsum(ct_tensor a, int64_t dim, ct_tensor *out);
int ct_where(ct_tensor condition, ct_tensor a, ct_tensor b, ct_tensor *out);
int ct_masked_fill(ct_tensor a, ct_tensor mask, double value, ct_tensor *out);
int ct_reshape(ct_tensor a, const int64_t *shape, int64_t rank, ct_tensor *out);
int ct_expand(ct_tensor a, const int64_t *shape, int64_t rank, ct_tensor *out);
int ct_permute(ct_tensor a, const int64_t *order, int64_t rank, ct_tensor *out);
int ct_transpose(ct_tensor a, int64_t first, int64_t second, ct_tensor *out);
int ct_squeeze(ct_tensor a, int64_t dim, ct_tensor *out);
int ct_unsqueeze(ct_tensor a, int64_t dim, ct_tensor *out);
int ct_flatten(ct_tensor a, int64_t from, int64_t to, ct_tensor *out);
int ct_narrow(ct_tensor a, int64_t dim, int64_t start, int64_t length, ct_tensor *out);
int ct_select(ct_tensor a, int64_t dim, int64_t index, ct_tensor *out);
int ct_index_select(ct_tensor a, int64_t dim, ct_tensor index, ct_tensor *out);
int ct_gather(ct_tensor a, int64_t dim, ct_tensor index, ct_tensor *out);
int ct_cat(const ct_tensor *tensors, int64_t count, int64_t dim, ct_tensor *out);
int ct_stack(const ct_tensor *tensors, int64_t count, int64_t dim, ct_tensor *out);
/// `padding`: pairs (before, after) from the last dimension backwards.
int ct_pad(ct_tensor a, const int64_t *padding, int64_t count, double value, ct_tensor *out);
int ct_tril_mask(int64_t n, ct_tensor *out);

// MARK: nn.cpp: layers

/// `bias` may be NULL here and below.
int ct_linear(ct_tensor x, ct_tensor weight, ct_tensor bias, ct_tensor *out);
/// Convolution over `dims` (1 or 2) spatial dimensions; stride, padding, dilation hold `dims` values each.
int ct_conv(ct_tensor x, ct_tensor weight, ct_tensor bias, const int64_t *stride, const int64_t *padding,
            const int64_t *dilation, int64_t dims, int64_t groups, ct_tensor *out);
/// x [N, Ci, L], weight [Co, Ci, K] -> [N, Co, L + left + right - K + 1]; stride 1, no groups. Own engines serve float32
/// and float64 on the CPU with less padding than kernel, libtorch the rest (an engine asked for by name then fails).
int ct_conv1d(ct_tensor x, ct_tensor weight, ct_tensor bias, int64_t left, int64_t right, ct_conv1d_engine engine,
              ct_tensor *out);
/// The same followed by ReLU, max over pairs and dropout (mask as ct_dropout's) -> [N, Co, (L + left + right - K + 1) / 2].
int ct_conv1d_block(ct_tensor x, ct_tensor weight, ct_tensor bias, int64_t left, int64_t right, double dropout,
                    uint64_t seed, ct_conv1d_engine engine, ct_tensor *out);
/// Expected seconds of a forward pass by either engine, same padding, one core of the machine the model was fitted on.
void ct_conv1d_cost(int64_t batch, int64_t inputs, int64_t outputs, int64_t length, int64_t kernel, double *direct,
                    double *fourier);
int ct_max_pool(ct_tensor x, const int64_t *kernel, const int64_t *stride, const int64_t *padding, int64_t dims,
                bool ceil_mode, ct_tensor *out);
int ct_avg_pool2d(ct_tensor x, const int64_t *kernel, const int64_t *stride, const int64_t *padding, bool ceil_mode,
                  bool count_include_pad, ct_tensor *out);
int ct_adaptive_avg_pool2d(ct_tensor x, int64_t height, int64_t width, ct_tensor *out);
/// clamp(norm(x) + residual, low, high). weight, bias, mean, variance, residual may be NULL, bounds infinite; the running
/// statistics are updated in place when training.
int ct_batch_norm(ct_tensor x, ct_tensor weight, ct_tensor bias, ct_tensor mean, ct_tensor variance, bool training,
                  double momentum, double epsilon, ct_tensor residual, double low, double high, ct_tensor *out);
int ct_layer_norm(ct_tensor x, const int64_t *shape, int64_t rank, ct_tensor weight, ct_tensor bias, double epsilon,
                  ct_tensor *out);
/// `padding_index` -1 = none.
int ct_embedding(ct_tensor weight, ct_tensor ids, int64_t padding_index, ct_tensor *out);
/// Zeroes entries with probability p and scales the rest by 1 / (1 - p); the mask depends on `seed` alone.
int ct_dropout(ct_tensor x, double p, uint64_t seed, ct_tensor *out);
/// x [N, T, D]; `lengths` (N values, 0...T) or NULL for T everywhere. `parameters`: as PyTorch's flat weights.
/// output [N, T, H*directions], zero past a row's length; hidden and cell [layers*directions, N, H]
/// (cell only of the LSTM, otherwise NULL).
int ct_recurrent(ct_recurrent_kind kind, ct_tensor x, const int64_t *lengths, const ct_tensor *parameters,
                 int64_t parameter_count, int64_t layers, int64_t hidden_size, bool has_bias, bool bidirectional,
                 ct_tensor *output, ct_tensor *hidden, ct_tensor *cell);

// MARK: runtime.cpp: threads, versions, kernels

int ct_set_threads(int32_t threads);
int32_t ct_threads(void);
const char *ct_version(void);
/// libtorch's vector instructions: "AVX2", "AVX512", "DEFAULT", …
const char *ct_cpu_capability(void);
/// Whether this libtorch is a CUDA build.
bool ct_cuda_built(void);
int32_t ct_cuda_devices(void);
/// OpenBLAS's kernel name, NULL where libtorch's BLAS is another.
const char *ct_blas_core(void);
/// -1 where unknown.
int32_t ct_blas_threads(void);
/// Lets OpenBLAS choose its kernel anew by CPU detection. false where this OpenBLAS cannot. Call before any product.
bool ct_blas_redetect(void);
int ct_set_deterministic(bool on);
/// Mixed precision on the calling thread until ct_autocast_end.
int ct_autocast_begin(ct_dtype dtype, int32_t device);
int ct_autocast_end(int32_t device);
/// Starts timing libtorch's operators on all threads.
int ct_operators_begin(void);
/// Stops it. A line per operator: its own seconds, its floating-point operations where they are known (products and
/// convolutions, both gradients of one counted), its name. Valid until the next call.
const char *ct_operators_end(void);

#ifdef __cplusplus
}
#endif
#endif
