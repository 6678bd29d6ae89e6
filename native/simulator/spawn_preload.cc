// libacl_sim_spawn.so, for LD_PRELOAD: tells libascendcl.so of processes spawned in ways that pthread_atfork
// is not told of. Only where libascendcl.so is loaded and says so does it do anything.
#include <dlfcn.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "glibc_floor.h"

namespace {

void note(const char *how) {
  void *library = dlopen("libascendcl.so", RTLD_LAZY | RTLD_NOLOAD);
  if (library == nullptr) return;
  const auto tell = reinterpret_cast<void (*)(const char *)>(dlsym(library, "aclsimNoteSpawn"));
  if (tell != nullptr) tell(how);
  dlclose(library);
}

template <class Function>
Function next(const char *name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" {

int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                const posix_spawnattr_t *attributes, char *const argv[], char *const envp[]) {
  note("posix_spawn");
  return next<decltype(&posix_spawn)>("posix_spawn")(pid, path, actions, attributes, argv, envp);
}

int posix_spawnp(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
                 const posix_spawnattr_t *attributes, char *const argv[], char *const envp[]) {
  note("posix_spawnp");
  return next<decltype(&posix_spawnp)>("posix_spawnp")(pid, file, actions, attributes, argv, envp);
}

int system(const char *command) {
  note("system");
  return next<decltype(&system)>("system")(command);
}

FILE *popen(const char *command, const char *type) {
  note("popen");
  return next<decltype(&popen)>("popen")(command, type);
}

// A function cannot pass vfork on: its frame would be shared with the child. fork does the same more slowly,
// and tells pthread_atfork.
pid_t vfork(void) {
  return fork();
}

}  // extern "C"
