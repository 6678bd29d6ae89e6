#include "signals.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

namespace sim {

namespace {

/** The last is SIGRTMIN + 1, which CANN writes as a number. */
constexpr int handled[] = {SIGINT, SIGTERM, SIGQUIT, SIGILL,  SIGTRAP, SIGABRT, SIGBUS,
                           SIGFPE, SIGSEGV, SIGXCPU, SIGXFSZ, SIGSYS,  35};
constexpr int onDemand = 35;
constexpr size_t count = sizeof handled / sizeof *handled;

struct sigaction before[count];
bool installed = false;
/** One for all threads that inherit it, as CANN's. */
char alternateStack[64 * 1024];
/** Made beforehand: a handler must not allocate. */
char folder[512] = "";

size_t append(char *text, size_t at, const char *more) {
  while (*more != '\0') text[at++] = *more++;
  return at;
}

size_t append(char *text, size_t at, unsigned number) {
  char digits[12];
  size_t length = 0;
  do digits[length++] = static_cast<char>('0' + number % 10);
  while ((number /= 10) != 0);
  while (length > 0) text[at++] = digits[--length];
  return at;
}

/** stackcore_tracer_<signal>_<process>.txt with a line instead of stacks. */
void writeTrace(int signal) {
  if (folder[0] == '\0') return;
  char path[sizeof folder + 64];
  size_t at = append(path, 0, folder);
  at = append(path, at, "/stackcore_tracer_");
  at = append(path, at, static_cast<unsigned>(signal));
  at = append(path, at, "_");
  at = append(path, at, static_cast<unsigned>(getpid()));
  at = append(path, at, ".txt");
  path[at] = '\0';
  const int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
  if (file < 0) return;
  char line[32];
  size_t length = append(line, 0, "signal ");
  length = append(line, length, static_cast<unsigned>(signal));
  length = append(line, length, "\n");
  const ssize_t written = write(file, line, length);
  static_cast<void>(written);
  close(file);
}

void handle(int signal, siginfo_t *, void *) {
  writeTrace(signal);
  if (signal == onDemand) return;
  for (size_t i = 0; i < count; ++i)
    if (handled[i] == signal) sigaction(signal, &before[i], nullptr);
  raise(signal);
}

void uninstall() {
  if (!installed) return;
  installed = false;
  for (size_t i = 0; i < count; ++i) sigaction(handled[i], &before[i], nullptr);
}

}  // namespace

void installSignalHandlers() {
  const char *wanted = getenv("ASCEND_COREDUMP_SIGNAL");
  const char *setting = getenv("ACL_SIM_SIGNALS");
  if (setting == nullptr || strcmp(setting, "cann") != 0 ||
      (wanted != nullptr && strcmp(wanted, "none") == 0))
    return;
  const char *work = getenv("ASCEND_WORK_PATH");
  if (work != nullptr && strlen(work) < sizeof folder) strcpy(folder, work);
  stack_t stack{};
  stack.ss_sp = alternateStack;
  stack.ss_size = sizeof alternateStack;
  sigaltstack(&stack, nullptr);
  struct sigaction action {};
  action.sa_sigaction = handle;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  for (const int signal : handled) sigaddset(&action.sa_mask, signal);
  for (size_t i = 0; i < count; ++i) sigaction(handled[i], &action, &before[i]);
  installed = true;
  atexit(uninstall);
}

}  // namespace sim
