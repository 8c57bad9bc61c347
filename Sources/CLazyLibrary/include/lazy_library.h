/// Functions of a shared library of ours that is opened at the first call of one of them.
///
/// libtorch and libav bring 300 libraries whose constructors and relocations take half a second; a command that makes no
/// tensor and reads no film shall not wait for them. So their C shims are shared libraries beside the program, and the
/// targets that own the shims' headers define each function as a jump to where the library has it, found at its first
/// call. An assembly source lists them:
///
///     #include "lazy_library.h"
///     library libieum-torch.so
///     calls ct_version, ct_threads
///
/// A jump leaves arguments and results alone, so prototypes stand in the headers only. Callers of a function that is not
/// listed do not link. The names are hidden: the library's own calls never take the way through the program.
#ifndef LAZY_LIBRARY_H
#define LAZY_LIBRARY_H

#ifdef __ASSEMBLER__

.macro library file
  .section .rodata.lazy, "a", %progbits
.Lfile:
  .asciz "\file"
  .data
  .balign 8
.Llibrary:
  .quad .Lfile, 0
  .section .note.GNU-stack, "", %progbits
.endm

.macro calls names:vararg
  .irp name, \names
  .section .rodata.lazy, "a", %progbits
.Lname_\name:
  .asciz "\name"
  .data
  .balign 8
.Lcall_\name:
  .quad lazy_resolve, .Lname_\name, .Llibrary
  .text
  .balign 16
  .globl \name
  .hidden \name
  .type \name, %function
\name:
#if defined(__x86_64__)
  leaq .Lcall_\name(%rip), %r11
  jmp *(%r11)
#elif defined(__aarch64__)
  adrp x16, .Lcall_\name
  add x16, x16, :lo12:.Lcall_\name
  ldr x17, [x16]
  br x17
#else
#error "jumps are written for x86-64 and AArch64"
#endif
  .size \name, . - \name
  .endr
.endm

#else

/// As `library` and `calls` lay them out.
typedef struct {
  const char *file;
  void *handle;
} lazy_library;

typedef struct {
  /// Where the jump goes: lazy_resolve until the function has been found.
  void *address;
  const char *name;
  lazy_library *library;
} lazy_call;

#endif
#endif
