/// C surface of compiled inference: convolutional networks on the CPU, without gradients.
///
/// A graph records what a network does to one image; a plan is the graph compiled for a batch size and a precision:
/// weights packed once, one blocked layout throughout, memory laid out in advance. Conventions as in ctorch.h: CT_OK or
/// CT_FAILED with ct_last_error(). A graph, and the plans made from it, are used from one thread at a time; plans
/// outlive their graph.
#ifndef CTORCH_PLAN_H
#define CTORCH_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ct_graph_s *ct_graph;
typedef struct ct_plan_s *ct_plan;

typedef enum { CT_ACT_NONE, CT_ACT_RELU, CT_ACT_RELU6, CT_ACT_SILU } ct_activation;
typedef enum { CT_POOL_MAX, CT_POOL_AVG, CT_POOL_AVG_EXCLUDE_PADDING } ct_pool_kind;
typedef enum { CT_PLAN_F32, CT_PLAN_BF16 } ct_plan_precision;

/// A window that moves over an image; pairs are (height, width), `before` is top and left, `after` bottom and right.
typedef struct {
  int64_t kernel[2], stride[2], before[2], after[2];
} ct_window;

/// An empty graph whose value 0 is the image `[channels, height, width]`.
int ct_graph_new(int64_t channels, int64_t height, int64_t width, ct_graph *out);
void ct_graph_free(ct_graph graph);

// Every function below adds one value, the next number from 1 on, whose index it writes to *value.

/// Convolution, a scale and a shift per output channel (folded normalisation or bias), activation.
/// `weight` is [outputs, inputs / groups, kernel...] row-major; weight, scale and shift are copied.
int ct_graph_conv(ct_graph graph, int64_t input, ct_window window, int64_t outputs, int64_t groups,
                  ct_activation activation, const float *weight, const float *scale, const float *shift,
                  int64_t *value);
/// activation(a + b).
int ct_graph_add(ct_graph graph, int64_t a, int64_t b, ct_activation activation, int64_t *value);
int ct_graph_pool(ct_graph graph, int64_t input, ct_pool_kind kind, ct_window window, int64_t *value);
/// Joins channels.
int ct_graph_concat(ct_graph graph, const int64_t *inputs, int64_t count, int64_t *value);
/// Squeeze-and-excitation: input * sigmoid(W2 silu(W1 mean(input) + b1) + b2); W1 [squeezed, C], W2 [C, squeezed].
int ct_graph_excite(ct_graph graph, int64_t input, int64_t squeezed, const float *w1, const float *b1,
                    const float *w2, const float *b2, int64_t *value);

/// Writes channels, height and width of a value.
int ct_graph_shape(ct_graph graph, int64_t value, int64_t shape[3]);
/// Multiply-accumulate operations of one image.
double ct_graph_macs(ct_graph graph);
/// The micro-batch at which packed weights and activations balance for this network.
int64_t ct_graph_batch(ct_graph graph);

/// Compiles the network that ends in `output`'s mean over all places, for batches of exactly `batch` images, of which
/// `streams` are computed side by side on a thread each, or one after the other where `streams` is 1, each on `threads`
/// threads. Fails, naming the layer, where this CPU has no fast implementation of a layer.
int ct_plan_compile(ct_graph graph, int64_t output, int64_t batch, ct_plan_precision precision, int32_t streams,
                    int32_t threads, ct_plan *out);
void ct_plan_free(ct_plan plan);
/// `count` batches: pixels [count, batch, channels, height, width] -> features [count, batch, output channels].
int ct_plan_run(ct_plan plan, const float *pixels, float *features, int64_t count);
/// One line per step: what it does, on which implementation. Valid as long as the plan.
const char *ct_plan_text(ct_plan plan);
/// Bytes of activations, of all streams together, and of packed weights.
void ct_plan_memory(ct_plan plan, int64_t *activations, int64_t *weights);
/// Starts or stops timing the steps. A line per step, valid until the next call: the seconds that streams spent in it
/// since the last call with `on`, on average over those that worked, the floating-point operations of its convolutions in
/// that time, and what it does.
const char *ct_plan_profile(ct_plan plan, bool on);
/// oneDNN's version and the instruction set it uses here, such as "2.6.3 avx512_core_bf16".
const char *ct_plan_engine(void);
/// Whether this CPU convolves in bf16.
bool ct_plan_has_bf16(void);

/// Operations a second of independent multiply-adds in registers, the best of `seconds`; 0 where the CPU has none.
double ct_limit_multiply_add(bool bf16, int32_t threads, double seconds);
/// Bytes a second of reading `bytes` over and over, the best of `seconds`.
double ct_limit_read(int64_t bytes, int32_t threads, double seconds);

#ifdef __cplusplus
}
#endif
#endif
