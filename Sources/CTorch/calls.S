// All functions of the headers: libtorch and oneDNN are loaded at the first call of one (lazy_library.h).
#include "lazy_library.h"

library libieum-torch.so

// ctorch.h
calls ct_last_error, ct_tensor_from_data, ct_tensor_full, ct_tensor_arange, ct_tensor_eye, ct_tensor_free
calls ct_live_tensors, ct_tensor_rank, ct_tensor_shape, ct_tensor_count, ct_tensor_dtype
calls ct_tensor_device, ct_tensor_is_channels_last, ct_tensor_read, ct_tensor_to, ct_tensor_pinned
calls ct_tensor_format, ct_tensor_clone, ct_tensor_assign, ct_set_requires_grad, ct_requires_grad
calls ct_grad, ct_zero_grad, ct_backward, ct_detach, ct_grad_mode, ct_set_grad_mode, ct_clip_grad_norm
calls ct_sgd_step, ct_adam_step, ct_unary, ct_binary, ct_binary_scalar, ct_clamp, ct_reduce, ct_extreme
calls ct_topk, ct_softmax, ct_cumsum, ct_where, ct_masked_fill, ct_reshape, ct_expand, ct_permute
calls ct_transpose, ct_squeeze, ct_unsqueeze, ct_flatten, ct_narrow, ct_select, ct_index_select
calls ct_gather, ct_cat, ct_stack, ct_pad, ct_tril_mask, ct_linear, ct_conv, ct_conv1d, ct_conv1d_block
calls ct_conv1d_cost, ct_max_pool, ct_avg_pool2d, ct_adaptive_avg_pool2d, ct_batch_norm, ct_layer_norm
calls ct_embedding, ct_dropout, ct_recurrent, ct_set_threads, ct_threads, ct_version, ct_cpu_capability
calls ct_cuda_built, ct_cuda_devices, ct_blas_core, ct_blas_threads, ct_blas_redetect
calls ct_set_deterministic, ct_autocast_begin, ct_autocast_end, ct_operators_begin, ct_operators_end

// ctorch_plan.h
calls ct_graph_new, ct_graph_free, ct_graph_conv, ct_graph_add, ct_graph_pool, ct_graph_concat
calls ct_graph_excite, ct_graph_shape, ct_graph_macs, ct_graph_batch, ct_plan_compile, ct_plan_free
calls ct_plan_run, ct_plan_text, ct_plan_memory, ct_plan_profile, ct_plan_engine, ct_plan_has_bf16
calls ct_limit_multiply_add, ct_limit_read

// ctorch_layers.h
calls ct_layers_new, ct_layers_free, ct_layers_add, ct_layers_run, ct_layers_seconds
