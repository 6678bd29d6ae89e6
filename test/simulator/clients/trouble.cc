// Devices that get lost, functions that are missing, signal handlers, processes spawned at the wrong time.
#include <dlfcn.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <thread>
#include <vector>

#include "cases.h"
#include "loaded_model.h"

extern char **environ;

namespace {

void waitFor(pid_t child) {
  int status = -1;
  CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/** Has an asynchronous copy queued behind an execution that takes long. */
struct CopyUnderWay {
  LoadedModel model{modelPath("OM_ADD")};
  aclrtStream queue = nullptr;
  void *host = nullptr;

  CopyUnderWay() {
    OK(aclrtCreateStream(&queue));
    OK(aclrtMallocHost(&host, 24));
    OK(aclmdlExecuteAsync(model.id, model.input, model.output, queue));
    OK(aclrtMemcpyAsync(host, 24, model.address(model.output, 0), 24, ACL_MEMCPY_DEVICE_TO_HOST, queue));
  }
  void end() {
    OK(aclrtSynchronizeStream(queue));
    OK(aclrtDestroyStream(queue));
    OK(aclrtFreeHost(host));
    model.release();
    OK(aclrtResetDevice(0));
    OK(aclFinalize());
  }
};

std::atomic<int> received{0};

void receive(int) {
  ++received;
}

/** Those that sanitizers do not handle either. */
constexpr int untouched[] = {SIGINT, SIGTERM, SIGQUIT, SIGXCPU};

bool isHandled(int number) {
  struct sigaction action {};
  OK(sigaction(number, nullptr, &action));
  return (action.sa_flags & SA_SIGINFO) != 0;
}

}  // namespace

CASE("a lost device answers the same code until it is reset, and takes all that was on it along",
     "ACL_SIM_DEVICES=2 ACL_SIM_FAULTS=task:lost=507901@2") {
  LoadedModel model(modelPath("OM_ADD"));
  OK(aclrtSetDevice(0));
  aclrtContext context = nullptr;
  OK(aclrtGetCurrentContext(&context));
  aclrtEvent event = nullptr;
  OK(aclrtCreateEvent(&event));
  aclrtStream stream = nullptr;
  OK(aclrtCreateStream(&stream));
  OK(aclmdlExecute(model.id, model.input, model.output));
  CODE(507901, aclmdlExecute(model.id, model.input, model.output));
  CODE(507901, aclmdlExecute(model.id, model.input, model.output));
  CHECK(strstr(aclGetRecentErrMsg(), "device 0 is lost until it is reset") != nullptr);
  void *block = nullptr;
  CODE(507901, aclrtMalloc(&block, 64, ACL_MEM_MALLOC_HUGE_FIRST));
  CODE(507901, aclrtFree(model.address(model.input, 0)));
  CODE(507901, aclrtSynchronizeStream(stream));
  CODE(507901, aclrtDestroyEvent(event));
  CODE(507901, aclmdlUnload(model.id));
  CODE(507901, aclrtSetDevice(0));
  CODE(507901, aclrtCreateContext(&context, 0));
  aclrtDeviceStatus status = ACL_RT_DEVICE_STATUS_NORMAL;
  OK(aclrtQueryDeviceStatus(0, &status));
  CHECK(status == ACL_RT_DEVICE_STATUS_ABNORMAL);
  // Objects of the host can be destroyed, and another device works.
  model.destroyDatasets();
  OK(aclmdlDestroyDesc(model.description));
  OK(aclrtSetDevice(1));
  OK(aclrtMalloc(&block, 64, ACL_MEM_MALLOC_HUGE_FIRST));
  OK(aclrtFree(block));
  OK(aclrtResetDevice(1));
  OK(aclrtResetDevice(0));
  CODE(507901, aclrtSetDevice(0));
  OK(aclrtResetDevice(0));
  OK(aclrtQueryDeviceStatus(0, &status));
  CHECK(status == ACL_RT_DEVICE_STATUS_NORMAL);
  OK(aclrtSetDevice(0));
  CODE(145003, aclmdlUnload(model.id));
  size_t available = 0;
  size_t total = 0;
  OK(aclrtGetMemInfo(ACL_DDR_MEM, &available, &total));
  CHECK(available == total);
  OK(aclrtResetDevice(0));
  OK(aclFinalize());
}

CASE("a forced reset brings a lost device back at once", "ACL_SIM_FAULTS=aclrtMalloc:lost@1") {
  begin();
  OK(aclrtSetDevice(0));
  void *block = nullptr;
  CODE(507010, aclrtMalloc(&block, 64, ACL_MEM_MALLOC_HUGE_FIRST));
  CODE(507010, aclrtMalloc(&block, 64, ACL_MEM_MALLOC_HUGE_FIRST));
  OK(aclrtResetDeviceForce(0));
  CODE(107002, aclrtMalloc(&block, 64, ACL_MEM_MALLOC_HUGE_FIRST));
  OK(aclrtSetDevice(0));
  OK(aclrtMalloc(&block, 64, ACL_MEM_MALLOC_HUGE_FIRST));
}

CASE("what waits on a device that gets lost ends with its reset", "ACL_SIM_FAULTS=task:hang@1") {
  LoadedModel model(modelPath("OM_ADD"));
  aclrtStream stream = nullptr;
  OK(aclrtCreateStream(&stream));
  OK(aclmdlExecuteAsync(model.id, model.input, model.output, stream));
  CODE(507046, aclrtSynchronizeStreamWithTimeout(stream, 20));
  OK(aclrtResetDeviceForce(0));
}

CASE("who waits for a device hears that it is lost", "ACL_SIM_FAULTS=task:hang@1,aclrtMemset:lost@1") {
  LoadedModel model(modelPath("OM_ADD"));
  aclrtContext context = nullptr;
  OK(aclrtGetCurrentContext(&context));
  aclrtStream stream = nullptr;
  OK(aclrtCreateStream(&stream));
  aclrtEvent event = nullptr;
  OK(aclrtCreateEvent(&event));
  OK(aclmdlExecuteAsync(model.id, model.input, model.output, stream));
  OK(aclrtRecordEvent(event, stream));
  std::atomic<int> waiting{0};
  const auto waits = [&](auto call) {
    return std::thread([&waiting, context, call] {
      OK(aclrtSetCurrentContext(context));
      ++waiting;
      CODE(507010, call());
    });
  };
  char back[24] = "";
  std::thread threads[] = {waits([=] { return aclrtSynchronizeStream(stream); }),
                           waits([=] { return aclrtSynchronizeEvent(event); }),
                           waits([=] { return aclrtSynchronizeDevice(); }), waits([&] {
                             return aclrtMemcpyAsync(back, 24, model.address(model.output, 0), 24,
                                                     ACL_MEMCPY_DEVICE_TO_HOST, stream);
                           })};
  while (waiting < 4) usleep(1000);
  usleep(20'000);
  void *block = model.address(model.input, 0);
  CODE(507010, aclrtMemset(block, 24, 0, 24));
  for (std::thread &thread : threads) thread.join();
  OK(aclrtResetDevice(0));
}

CASE("functions can be missing", "ACL_SIM_MISSING=aclrtStreamAbort,aclsysGetVersionStr") {
  void *library = dlopen("libascendcl.so", RTLD_NOW);
  CHECK(library != nullptr);
  CHECK(dlsym(library, "aclrtStreamAbort") == nullptr);
  CHECK(dlsym(library, "aclsysGetVersionStr") == nullptr);
  CHECK(dlsym(library, "aclrtStreamQuery") != nullptr);
  CHECK(dlsym(RTLD_DEFAULT, "aclrtStreamAbort") == nullptr);
  // What was bound when the program started stays.
  begin();
  aclrtStream stream = nullptr;
  OK(aclrtCreateStream(&stream));
  OK(aclrtStreamAbort(stream));
}

CASE("a function that never was cannot be missing", "ACL_SIM_MISSING=aclrtStreamAbort,aclNoSuchFunction") {
  CODE(100000, aclInit(nullptr));
  CHECK(strstr(aclGetRecentErrMsg(), "has no aclNoSuchFunction") != nullptr);
}

CASE("signals are left alone", "") {
  begin();
  for (const int number : untouched) CHECK(!isHandled(number));
}

CASE("CANN's signal handlers are there when wanted, and pass on to those before", "ACL_SIM_SIGNALS=cann") {
  for (const int number : {SIGINT, SIGTERM, SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV,
                           SIGXCPU, SIGXFSZ, SIGSYS, SIGRTMIN + 1})
    CHECK(isHandled(number));
  raise(SIGRTMIN + 1);
  CHECK(isHandled(SIGRTMIN + 1));
  // The first takes CANN's handler away, for the one that was there before: none.
  const pid_t child = fork();
  if (child == 0) {
    raise(SIGTERM);
    _exit(0);
  }
  int status = 0;
  CHECK(waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
  signal(SIGINT, receive);
  raise(SIGINT);
  CHECK(received == 1);
}

CASE("CANN's own variable keeps its signal handlers away",
     "ACL_SIM_SIGNALS=cann ASCEND_COREDUMP_SIGNAL=none") {
  for (const int number : untouched) CHECK(!isHandled(number));
}

CASE("a process is forked during an asynchronous copy", "ACL_SIM_FAULTS=task:1s") {
  CopyUnderWay copy;
  const pid_t child = fork();
  if (child == 0) _exit(0);
  waitFor(child);
  copy.end();
}

CASE("a process is spawned during an asynchronous copy", "ACL_SIM_FAULTS=task:1s") {
  CopyUnderWay copy;
  pid_t child = 0;
  char name[] = "true";
  char *arguments[] = {name, nullptr};
  OK(posix_spawnp(&child, "true", nullptr, nullptr, arguments, environ));
  waitFor(child);
  copy.end();
}

CASE("processes are spawned in every way while a fill waits for an event", "ACL_SIM_FAULTS=task:1s") {
  LoadedModel model(modelPath("OM_ADD"));
  aclrtStream first = nullptr;
  aclrtStream second = nullptr;
  aclrtEvent event = nullptr;
  OK(aclrtCreateStream(&first));
  OK(aclrtCreateStream(&second));
  OK(aclrtCreateEvent(&event));
  OK(aclmdlExecuteAsync(model.id, model.input, model.output, first));
  OK(aclrtRecordEvent(event, first));
  OK(aclrtStreamWaitEvent(second, event));
  OK(aclrtMemsetAsync(model.address(model.input, 0), 24, 0, 24, second));
  pid_t child = 0;
  char name[] = "/bin/true";
  char *arguments[] = {name, nullptr};
  OK(posix_spawn(&child, name, nullptr, nullptr, arguments, environ));
  waitFor(child);
  OK(system(name));
  FILE *pipe = popen(name, "r");
  CHECK(pipe != nullptr);
  OK(pclose(pipe));
  child = vfork();
  if (child == 0) _exit(0);
  waitFor(child);
  OK(aclrtSynchronizeStream(second));
  // Nothing is under way any more.
  OK(posix_spawn(&child, name, nullptr, nullptr, arguments, environ));
  waitFor(child);
  OK(aclrtDestroyEvent(event));
  OK(aclrtDestroyStream(second));
  OK(aclrtDestroyStream(first));
  model.release();
  OK(aclrtResetDevice(0));
  OK(aclFinalize());
}

namespace {

/** Once at the end of the process, by atexit. */
void forkAtTheEnd() {
  const pid_t child = fork();
  // Goes on with the end of its own: destructors, and the library's.
  if (child != 0) waitFor(child);
}

}  // namespace

CASE("a process forks at its end, and so does a child that ends by itself", "") {
  CopyUnderWay copy;
  copy.end();
  const pid_t child = fork();
  if (child == 0) exit(0);
  waitFor(child);
  OK(atexit(forkAtTheEnd));
}

CASE("a process is forked after an asynchronous copy", "") {
  CopyUnderWay copy;
  OK(aclrtSynchronizeStream(copy.queue));
  const pid_t child = fork();
  if (child == 0) _exit(0);
  waitFor(child);
  copy.end();
}

int main(int count, char **arguments) {
  return runCases(count, arguments);
}
