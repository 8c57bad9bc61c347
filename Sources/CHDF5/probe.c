// Lets another process read a file first.
#define _GNU_SOURCE
#include "chdf5.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

extern char **environ;

int ch_probe(const char *program, const char *path, int *signal) {
  char *arguments[] = {(char *)program, (char *)path, NULL};
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawn_file_actions_init(&files);
  // Allocators complain on stderr before they abort.
  posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  pid_t child = 0;
  // Not fork: its handlers stop OpenBLAS's threads, which may be at work for another thread of this process.
  int failure = posix_spawn(&child, program, &files, &attributes, arguments, environ);
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  *signal = 0;
  if (failure) return -1;
  int status = 0;
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return -1;
  if (WIFSIGNALED(status)) *signal = WTERMSIG(status);
  // Processor time is limited too: whoever only waited says nothing about the file.
  if (*signal == SIGALRM || *signal == SIGKILL) return 0;
  return WIFSIGNALED(status) || WEXITSTATUS(status) == 1;
}
