#include "thread_state.h"

#include <pthread.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "glibc_floor.h"
#include "text.h"

namespace sim {

namespace {

// Plain pointers: objects with destructors are gone when other libraries' static destructors call in.
thread_local ThreadState *current = nullptr;

void destroyState(void *state) {
  current = nullptr;
  delete static_cast<ThreadState *>(state);
}

pthread_key_t makeKey() {
  pthread_key_t key{};
  pthread_key_create(&key, destroyState);
  return key;
}

constexpr size_t longestRecentMessage = 16384;

std::string timestamp() {
  timeval now{};
  gettimeofday(&now, nullptr);
  tm parts{};
  localtime_r(&now.tv_sec, &parts);
  return format("%04d-%02d-%02d-%02d:%02d:%02d.%03d.%03d", parts.tm_year + 1900, parts.tm_mon + 1,
                parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                static_cast<int>(now.tv_usec / 1000), static_cast<int>(now.tv_usec % 1000));
}

}  // namespace

ThreadState &threadState() {
  static const pthread_key_t key = makeKey();
  if (current == nullptr) {
    current = new ThreadState();
    pthread_setspecific(key, current);
  }
  return *current;
}

uint32_t threadId() {
  return static_cast<uint32_t>(syscall(SYS_gettid));
}

aclError fail(aclError code, const char *textCode, const std::string &text) {
  std::string &recent = threadState().recent;
  // A program that never asks for messages must not grow for ever.
  if (recent.size() > longestRecentMessage) recent.clear();
  recent += format("%s: [PID: %d] %s %s\n", textCode, static_cast<int>(getpid()), timestamp().c_str(),
                   text.c_str());
  recent += "        Solution: See the simulator's documentation, docs/simulator.md.\n";
  recent += "        TraceBack (most recent call last):\n";
  return code;
}

}  // namespace sim
