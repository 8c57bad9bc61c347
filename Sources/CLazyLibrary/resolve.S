// Where a function's first call goes: finds it with all arguments kept, then calls it. The record of the call is in r11 or
// x16, which calls may change on their way.
  .text
  .balign 16
  .globl lazy_resolve
  .hidden lazy_resolve
  .type lazy_resolve, %function
lazy_resolve:
  .cfi_startproc
#if defined(__x86_64__)
  pushq %rbp
  .cfi_def_cfa_offset 16
  .cfi_offset %rbp, -16
  movq %rsp, %rbp
  .cfi_def_cfa_register %rbp
  subq $176, %rsp
  movq %rdi, -8(%rbp)
  movq %rsi, -16(%rbp)
  movq %rdx, -24(%rbp)
  movq %rcx, -32(%rbp)
  movq %r8, -40(%rbp)
  movq %r9, -48(%rbp)
  movups %xmm0, -64(%rbp)
  movups %xmm1, -80(%rbp)
  movups %xmm2, -96(%rbp)
  movups %xmm3, -112(%rbp)
  movups %xmm4, -128(%rbp)
  movups %xmm5, -144(%rbp)
  movups %xmm6, -160(%rbp)
  movups %xmm7, -176(%rbp)
  movq %r11, %rdi
  call lazy_find
  movq -8(%rbp), %rdi
  movq -16(%rbp), %rsi
  movq -24(%rbp), %rdx
  movq -32(%rbp), %rcx
  movq -40(%rbp), %r8
  movq -48(%rbp), %r9
  movups -64(%rbp), %xmm0
  movups -80(%rbp), %xmm1
  movups -96(%rbp), %xmm2
  movups -112(%rbp), %xmm3
  movups -128(%rbp), %xmm4
  movups -144(%rbp), %xmm5
  movups -160(%rbp), %xmm6
  movups -176(%rbp), %xmm7
  leave
  .cfi_def_cfa %rsp, 8
  jmp *%rax
#elif defined(__aarch64__)
  stp x29, x30, [sp, #-224]!
  .cfi_def_cfa_offset 224
  .cfi_offset x29, -224
  .cfi_offset x30, -216
  mov x29, sp
  stp x0, x1, [sp, #16]
  stp x2, x3, [sp, #32]
  stp x4, x5, [sp, #48]
  stp x6, x7, [sp, #64]
  str x8, [sp, #80]
  stp q0, q1, [sp, #96]
  stp q2, q3, [sp, #128]
  stp q4, q5, [sp, #160]
  stp q6, q7, [sp, #192]
  mov x0, x16
  bl lazy_find
  mov x16, x0
  ldp x0, x1, [sp, #16]
  ldp x2, x3, [sp, #32]
  ldp x4, x5, [sp, #48]
  ldp x6, x7, [sp, #64]
  ldr x8, [sp, #80]
  ldp q0, q1, [sp, #96]
  ldp q2, q3, [sp, #128]
  ldp q4, q5, [sp, #160]
  ldp q6, q7, [sp, #192]
  ldp x29, x30, [sp], #224
  .cfi_def_cfa_offset 0
  br x16
#endif
  .cfi_endproc
  .size lazy_resolve, . - lazy_resolve
  .section .note.GNU-stack, "", %progbits
