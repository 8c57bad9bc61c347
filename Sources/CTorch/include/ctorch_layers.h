/// C surface of compiled transformer layers on the CPU, without gradients. Conventions as in ctorch.h.
#ifndef CTORCH_LAYERS_H
#define CTORCH_LAYERS_H

#include "ctorch_plan.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ct_layers_s *ct_layers;

/// x * sigmoid(1.702 x) is CLIP's.
typedef enum { CT_GELU_EXACT, CT_GELU_BY_TANH, CT_GELU_QUICK, CT_GELU_NONE_BUT_RELU } ct_perceptron;

typedef struct {
  int64_t width, heads, hidden;
  ct_perceptron perceptron;
  /// Normalises each branch's input (CLIP, ViT) and not the sums (BERT).
  bool normalise_first;
  /// A place sees itself and what stands before it only.
  bool causal;
  float epsilon;
} ct_layers_shape;

/// One layer's weights, row-major as in PyTorch's linear layers: [outputs, inputs]; query, key and value joined.
typedef struct {
  const float *qkv, *qkv_bias, *out, *out_bias, *up, *up_bias, *down, *down_bias;
  /// Gain and shift of the normalisation around the attention and around the perceptron.
  const float *attention_gain, *attention_shift, *perceptron_gain, *perceptron_shift;
} ct_layers_layer;

/// Fails where this CPU has no fast products in the precision.
int ct_layers_new(ct_layers_shape shape, ct_plan_precision precision, int32_t threads, ct_layers *out);
void ct_layers_free(ct_layers stack);
/// Copies and packs the weights.
int ct_layers_add(ct_layers stack, ct_layers_layer layer);
/// Carries all layers out on x [count, time, width], in place. Only the first lengths[i] places of row i are looked at
/// or written, so padding costs nothing.
int ct_layers_run(ct_layers stack, float *x, int64_t count, int64_t time, const int64_t *lengths);

/* Where the time of the last run went. */
typedef enum {
  CT_LAYERS_QKV, CT_LAYERS_ATTENTION, CT_LAYERS_OUT, CT_LAYERS_UP, CT_LAYERS_DOWN, CT_LAYERS_NORM, CT_LAYERS_STAGES
} ct_layers_stage;
double ct_layers_seconds(ct_layers stack, ct_layers_stage stage);

#ifdef __cplusplus
}
#endif
#endif
