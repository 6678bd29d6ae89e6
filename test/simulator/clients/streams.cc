// Streams, events and asynchronous work. A `task` fault makes an execution on the device slow, failing or
// endless.
#include <time.h>

#include <atomic>
#include <thread>
#include <vector>

#include "cases.h"
#include "loaded_model.h"

namespace {

double milliseconds() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

void *pinned(size_t bytes) {
  void *memory = nullptr;
  OK(aclrtMallocHost(&memory, bytes));
  return memory;
}

void *device(size_t bytes) {
  void *memory = nullptr;
  OK(aclrtMalloc(&memory, bytes, ACL_MEM_MALLOC_HUGE_FIRST));
  return memory;
}

void pause(long duration) {
  const timespec time{0, duration * 1'000'000};
  nanosleep(&time, nullptr);
}

aclrtStream stream() {
  aclrtStream made = nullptr;
  OK(aclrtCreateStream(&made));
  return made;
}

}  // namespace

CASE("streams need a context, belong to it, and are gone when destroyed", "") {
  OK(aclInit(nullptr));
  aclrtStream first = nullptr;
  CODE(107002, aclrtCreateStream(&first));
  OK(aclrtSetDevice(0));
  CODE(100000, aclrtCreateStream(nullptr));
  OK(aclrtCreateStream(&first));
  OK(aclrtSynchronizeStream(first));
  OK(aclrtSynchronizeStream(nullptr));
  aclrtContext other = nullptr;
  OK(aclrtCreateContext(&other, 0));
  CODE(107003, aclrtSynchronizeStream(first));
  CODE(107003, aclrtDestroyStream(first));
  OK(aclrtSetDevice(0));
  OK(aclrtDestroyStream(first));
  CODE(107003, aclrtSynchronizeStream(first));
  CODE(100000, aclrtDestroyStream(nullptr));
}

CASE("there are 1024 streams, two of them in every context", "") {
  begin();
  uint32_t left = 0;
  OK(aclrtGetStreamAvailableNum(&left));
  CHECK(left == 1022);
  aclrtStream last = nullptr;
  for (uint32_t i = 0; i < left; ++i) OK(aclrtCreateStream(&last));
  CODE(207008, aclrtCreateStream(&last));
}

CASE("configured streams: priority 0 to 7 and known flags", "") {
  begin();
  aclrtStream made = nullptr;
  OK(aclrtCreateStreamWithConfig(&made, 7, ACL_STREAM_FAST_LAUNCH | ACL_STREAM_FAST_SYNC));
  uint32_t priority = 0;
  OK(aclrtStreamGetPriority(made, &priority));
  CHECK(priority == 7);
  CODE(107000, aclrtCreateStreamWithConfig(&made, 8, 0));
  CODE(107000, aclrtCreateStreamWithConfig(&made, 0, 0x1000));
}

CASE("asynchronous copies run in order", "") {
  begin();
  const aclrtStream queue = stream();
  auto *host = static_cast<char *>(pinned(64));
  void *first = device(64);
  void *second = device(64);
  strcpy(host, "in order");
  OK(aclrtMemcpyAsync(first, 64, host, 64, ACL_MEMCPY_HOST_TO_DEVICE, queue));
  OK(aclrtMemcpyAsync(second, 64, first, 64, ACL_MEMCPY_DEVICE_TO_DEVICE, queue));
  OK(aclrtMemsetAsync(first, 64, 0, 64, queue));
  auto *back = static_cast<char *>(pinned(64));
  OK(aclrtMemcpyAsync(back, 64, second, 64, ACL_MEMCPY_DEVICE_TO_HOST, queue));
  OK(aclrtSynchronizeStream(queue));
  CHECK(strcmp(back, "in order") == 0);
}

CASE("asynchronous copies are checked at the call", "") {
  begin();
  const aclrtStream queue = stream();
  char host[128] = "";
  auto *block = static_cast<char *>(device(256));
  CODE(207000, aclrtMemcpyAsync(host, 64, host + 64, 64, ACL_MEMCPY_HOST_TO_HOST, queue));
  CODE(107008, aclrtMemcpyAsync(block + 32, 64, block + 128, 64, ACL_MEMCPY_DEVICE_TO_DEVICE, queue));
  CODE(107000, aclrtMemcpyAsync(block, 32, host, 64, ACL_MEMCPY_HOST_TO_DEVICE, queue));
  CODE(100000, aclrtMemcpyAsync(nullptr, 64, host, 64, ACL_MEMCPY_HOST_TO_DEVICE, queue));
  CODE(107003, aclrtMemcpyAsync(block, 64, host, 64, ACL_MEMCPY_HOST_TO_DEVICE, host));
}

CASE("a copy from memory that is not pinned is done when the call returns", "ACL_SIM_EXEC_US=50000") {
  LoadedModel model(modelPath("OM_ADD"));
  const aclrtStream queue = stream();
  OK(aclmdlExecuteAsync(model.id, model.input, model.output, queue));
  char host[64] = "";
  const double start = milliseconds();
  OK(aclrtMemcpyAsync(host, 24, model.address(model.output, 0), 24, ACL_MEMCPY_DEVICE_TO_HOST, queue));
  CHECK(milliseconds() - start > 30);
}

CASE("memory that is freed while a copy on it is queued is an error at synchronisation",
     "ACL_SIM_EXEC_US=50000") {
  LoadedModel model(modelPath("OM_ADD"));
  const aclrtStream queue = stream();
  void *host = pinned(64);
  void *block = device(64);
  OK(aclmdlExecuteAsync(model.id, model.input, model.output, queue));
  OK(aclrtMemcpyAsync(block, 64, host, 64, ACL_MEMCPY_HOST_TO_DEVICE, queue));
  OK(aclrtFree(block));
  CODE(507013, aclrtSynchronizeStream(queue));
  OK(aclrtSynchronizeStream(queue));
}

CASE("a failing task is told once, at synchronisation, with its message, and later tasks run",
     "ACL_SIM_FAULTS=task:507015@1") {
  LoadedModel model(modelPath("OM_ADD"));
  const aclrtStream queue = stream();
  OK(aclmdlExecuteAsync(model.id, model.input, model.output, queue));
  OK(aclmdlExecuteAsync(model.id, model.input, model.output, queue));
  CODE(507015, aclrtSynchronizeStream(queue));
  CHECK(strstr(aclGetRecentErrMsg(), "507015") != nullptr);
  OK(aclrtSynchronizeStream(queue));
}

CASE("a stream that stops on failure drops what comes after", "ACL_SIM_FAULTS=task:507015@1") {
  LoadedModel model(modelPath("OM_ADD"));
  const aclrtStream queue = stream();
  OK(aclrtSetStreamFailureMode(queue, ACL_STOP_ON_FAILURE));
  CODE(107000, aclrtSetStreamFailureMode(queue, ACL_STOP_ON_FAILURE));
  OK(aclmdlExecuteAsync(model.id, model.input, model.output, queue));
  CODE(507015, aclrtSynchronizeStream(queue));
  OK(aclrtMemset(model.address(model.output, 0), 24, 0x77, 24));
  OK(aclmdlExecuteAsync(model.id, model.input, model.output, queue));
  CODE(507015, aclrtSynchronizeStream(queue));
  unsigned char first = 0;
  OK(aclrtMemcpy(&first, 1, model.address(model.output, 0), 1, ACL_MEMCPY_DEVICE_TO_HOST));
  CHECK(first == 0x77);
}

CASE("a time-out answers 507046 and the task goes on", "ACL_SIM_FAULTS=task:80ms@1") {
  LoadedModel model(modelPath("OM_ADD"));
  const aclrtStream queue = stream();
  CODE(107000, aclrtSynchronizeStreamWithTimeout(queue, 0));
  CODE(107000, aclrtSynchronizeStreamWithTimeout(queue, -2));
  OK(aclmdlExecuteAsync(model.id, model.input, model.output, queue));
  aclrtStreamStatus status = ACL_STREAM_STATUS_RESERVED;
  OK(aclrtStreamQuery(queue, &status));
  CHECK(status == ACL_STREAM_STATUS_NOT_READY);
  CODE(507046, aclrtSynchronizeStreamWithTimeout(queue, 10));
  CODE(507046, aclrtSynchronizeDeviceWithTimeout(10));
  OK(aclrtSynchronizeStreamWithTimeout(queue, -1));
  OK(aclrtStreamQuery(queue, &status));
  CHECK(status == ACL_STREAM_STATUS_COMPLETE);
  OK(aclrtSynchronizeDevice());
}

CASE("an endless task: time-out, abort, and the stream works again", "ACL_SIM_FAULTS=task:hang@1") {
  LoadedModel model(modelPath("OM_ADD"));
  const aclrtStream queue = stream();
  OK(aclmdlExecuteAsync(model.id, model.input, model.output, queue));
  OK(aclmdlExecuteAsync(model.id, model.input, model.output, queue));
  CODE(507046, aclrtSynchronizeStreamWithTimeout(queue, 20));
  std::atomic<int> answer{0};
  aclrtContext context = nullptr;
  OK(aclrtGetCurrentContext(&context));
  std::thread waiter([&] {
    OK(aclrtSetCurrentContext(context));
    answer = aclrtSynchronizeStream(queue);
  });
  pause(50);
  OK(aclrtStreamAbort(queue));
  waiter.join();
  CHECK(answer == 107023);
  OK(aclrtSynchronizeStreamWithTimeout(queue, 5000));
  OK(aclmdlExecuteAsync(model.id, model.input, model.output, queue));
  OK(aclrtSynchronizeStream(queue));
}

CASE("a stream with an endless task can be destroyed by force", "ACL_SIM_FAULTS=task:hang@1") {
  LoadedModel model(modelPath("OM_ADD"));
  const aclrtStream queue = stream();
  OK(aclmdlExecuteAsync(model.id, model.input, model.output, queue));
  OK(aclrtDestroyStreamForce(queue));
}

CASE("an endless task does not keep the process from ending", "ACL_SIM_FAULTS=task:hang@1") {
  LoadedModel model(modelPath("OM_ADD"));
  OK(aclmdlExecuteAsync(model.id, model.input, model.output, stream()));
}

CASE("ExecuteV2 gives up after its time-out", "ACL_SIM_FAULTS=task:hang@1") {
  LoadedModel model(modelPath("OM_ADD"));
  aclmdlExecConfigHandle *handle = aclmdlCreateExecConfigHandle();
  int32_t timeout = 20;
  OK(aclmdlSetExecConfigOpt(handle, ACL_MDL_STREAM_SYNC_TIMEOUT, &timeout, sizeof timeout));
  CODE(100000, aclmdlSetExecConfigOpt(handle, ACL_MDL_STREAM_SYNC_TIMEOUT, &timeout, 8));
  CODE(100000, aclmdlSetExecConfigOpt(handle, ACL_MDL_WORK_SIZET, &timeout, sizeof timeout));
  const aclrtStream queue = stream();
  CODE(100000, aclmdlExecuteV2(model.id, model.input, model.output, queue, nullptr));
  CODE(507046, aclmdlExecuteV2(model.id, model.input, model.output, queue, handle));
  OK(aclrtStreamAbort(queue));
  OK(aclrtSynchronizeStreamWithTimeout(queue, 5000));
  // A busy machine needs more than 20 ms now and then for what ends.
  timeout = 30000;
  OK(aclmdlSetExecConfigOpt(handle, ACL_MDL_STREAM_SYNC_TIMEOUT, &timeout, sizeof timeout));
  OK(aclmdlExecuteV2(model.id, model.input, model.output, queue, handle));
  OK(aclmdlDestroyExecConfigHandle(handle));
}

CASE("datasets and buffers may go right after an asynchronous execution was queued",
     "ACL_SIM_FAULTS=task:30ms") {
  LoadedModel model(modelPath("OM_ADD"));
  const float ones[6] = {1, 1, 1, 1, 1, 1};
  model.set(0, ones, sizeof ones);
  model.set(1, ones, sizeof ones);
  const aclrtStream queue = stream();
  void *sum = model.address(model.output, 0);
  OK(aclmdlExecuteAsync(model.id, model.input, model.output, queue));
  model.destroyDatasets();
  OK(aclrtSynchronizeStream(queue));
  float result[6] = {};
  OK(aclrtMemcpy(result, sizeof result, sum, sizeof result, ACL_MEMCPY_DEVICE_TO_HOST));
  CHECK(result[0] == 2 && result[5] == 2);
}

CASE("events: order between streams, time between them", "ACL_SIM_EXEC_US=40000") {
  LoadedModel model(modelPath("OM_ADD"));
  const aclrtStream first = stream();
  const aclrtStream second = stream();
  aclrtEvent start = nullptr;
  aclrtEvent end = nullptr;
  OK(aclrtCreateEventWithFlag(&start, ACL_EVENT_TIME_LINE));
  OK(aclrtCreateEvent(&end));
  float elapsed = 0;
  CODE(107006, aclrtEventElapsedTime(&elapsed, start, end));
  OK(aclrtRecordEvent(start, first));
  OK(aclmdlExecuteAsync(model.id, model.input, model.output, first));
  OK(aclrtRecordEvent(end, first));
  aclrtEventRecordedStatus status = ACL_EVENT_RECORDED_STATUS_COMPLETE;
  OK(aclrtQueryEventStatus(end, &status));
  CHECK(status == ACL_EVENT_RECORDED_STATUS_NOT_READY);
  aclrtEventStatus old = ACL_EVENT_STATUS_COMPLETE;
  OK(aclrtQueryEvent(end, &old));
  CHECK(old == ACL_EVENT_STATUS_NOT_READY);
  CODE(507047, aclrtSynchronizeEventWithTimeout(end, 5));
  OK(aclrtStreamWaitEvent(second, end));
  OK(aclrtSynchronizeStream(second));
  OK(aclrtQueryEventStatus(end, &status));
  CHECK(status == ACL_EVENT_RECORDED_STATUS_COMPLETE);
  OK(aclrtEventElapsedTime(&elapsed, start, end));
  CHECK(elapsed > 39 && elapsed < 1000);
  CODE(107007, aclrtEventElapsedTime(&elapsed, end, start));
  OK(aclrtDestroyEvent(start));
  OK(aclrtDestroyEvent(end));
  CODE(107000, aclrtRecordEvent(end, first));
  CODE(100000, aclrtCreateEvent(nullptr));
  CODE(107000, aclrtCreateEventWithFlag(&end, 0x1000));
}

CASE("a stream waits for the record there was when it was asked, not for later ones",
     "ACL_SIM_FAULTS=task:30ms@1") {
  LoadedModel model(modelPath("OM_ADD"));
  const aclrtStream first = stream();
  const aclrtStream second = stream();
  aclrtEvent event = nullptr;
  OK(aclrtCreateEvent(&event));
  OK(aclrtRecordEvent(event, first));
  OK(aclmdlExecuteAsync(model.id, model.input, model.output, second));
  OK(aclrtStreamWaitEvent(second, event));
  // Only done when the stream has stopped waiting.
  OK(aclrtRecordEvent(event, second));
  OK(aclrtSynchronizeStreamWithTimeout(second, 10'000));
}

CASE("a reset means the records before it, not those queued meanwhile", "ACL_SIM_FAULTS=task:30ms@1-2") {
  LoadedModel model(modelPath("OM_ADD"));
  const aclrtStream first = stream();
  const aclrtStream second = stream();
  aclrtEvent event = nullptr;
  aclrtEvent gates[2] = {};
  OK(aclrtCreateEvent(&event));
  for (aclrtEvent &gate : gates) {
    OK(aclrtCreateEvent(&gate));
    OK(aclmdlExecuteAsync(model.id, model.input, model.output, second));
    OK(aclrtRecordEvent(gate, second));
  }
  OK(aclrtStreamWaitEvent(first, gates[0]));
  OK(aclrtResetEvent(event, first));
  OK(aclrtStreamWaitEvent(first, gates[1]));
  OK(aclrtRecordEvent(event, first));
  OK(aclrtSynchronizeEventWithTimeout(event, 10'000));
  aclrtEventRecordedStatus status = ACL_EVENT_RECORDED_STATUS_NOT_READY;
  OK(aclrtQueryEventStatus(gates[1], &status));
  CHECK(status == ACL_EVENT_RECORDED_STATUS_COMPLETE);
}

CASE("an event whose record is dropped with its stream's work is complete", "ACL_SIM_FAULTS=task:hang@1-2") {
  LoadedModel model(modelPath("OM_ADD"));
  const aclrtStream first = stream();
  const aclrtStream second = stream();
  aclrtEvent event = nullptr;
  OK(aclrtCreateEvent(&event));
  const auto queueRecord = [&](aclrtStream queue) {
    OK(aclmdlExecuteAsync(model.id, model.input, model.output, queue));
    OK(aclrtRecordEvent(event, queue));
    CODE(507047, aclrtSynchronizeEventWithTimeout(event, 20));
  };
  queueRecord(first);
  OK(aclrtStreamAbort(first));
  OK(aclrtSynchronizeEventWithTimeout(event, 10'000));
  OK(aclrtSynchronizeStream(first));
  queueRecord(second);
  OK(aclrtDestroyStreamForce(second));
  OK(aclrtSynchronizeEventWithTimeout(event, 10'000));
}

CASE("an event whose record comes after a failure that stops its stream is complete",
     "ACL_SIM_FAULTS=task:30ms@1,task:507015@1") {
  LoadedModel model(modelPath("OM_ADD"));
  const aclrtStream queue = stream();
  OK(aclrtSetStreamFailureMode(queue, ACL_STOP_ON_FAILURE));
  aclrtEvent event = nullptr;
  OK(aclrtCreateEvent(&event));
  OK(aclmdlExecuteAsync(model.id, model.input, model.output, queue));
  OK(aclrtRecordEvent(event, queue));
  OK(aclrtSynchronizeEventWithTimeout(event, 10'000));
  OK(aclrtRecordEvent(event, queue));
  OK(aclrtSynchronizeEventWithTimeout(event, 10'000));
  CODE(507015, aclrtSynchronizeStream(queue));
}

CASE("a copy from memory that is not pinned says that an abort dropped it", "ACL_SIM_FAULTS=task:hang@1") {
  LoadedModel model(modelPath("OM_ADD"));
  const aclrtStream queue = stream();
  aclrtContext context = nullptr;
  OK(aclrtGetCurrentContext(&context));
  OK(aclmdlExecuteAsync(model.id, model.input, model.output, queue));
  std::atomic<bool> copying{false};
  std::thread copier([&] {
    OK(aclrtSetCurrentContext(context));
    char host[24] = "";
    copying = true;
    CODE(107023,
         aclrtMemcpyAsync(host, 24, model.address(model.output, 0), 24, ACL_MEMCPY_DEVICE_TO_HOST, queue));
  });
  while (!copying) pause(1);
  pause(50);
  OK(aclrtStreamAbort(queue));
  copier.join();
}

CASE("a copy from memory that is not pinned ends before its call also when it is aborted",
     "ACL_SIM_COPY_GBPS=0.001") {
  begin();
  const aclrtStream queue = stream();
  aclrtContext context = nullptr;
  OK(aclrtGetCurrentContext(&context));
  void *block = device(200'000);
  std::atomic<bool> copying{false};
  double took = 0;
  std::thread copier([&] {
    OK(aclrtSetCurrentContext(context));
    std::vector<char> host(200'000);
    const double start = milliseconds();
    copying = true;
    CODE(107023,
         aclrtMemcpyAsync(block, host.size(), host.data(), host.size(), ACL_MEMCPY_HOST_TO_DEVICE, queue));
    took = milliseconds() - start;
  });
  while (!copying) pause(1);
  pause(50);
  OK(aclrtStreamAbort(queue));
  copier.join();
  CHECK(took >= 200);
}

CASE("a call that hangs hangs alone", "ACL_SIM_FAULTS=aclrtMemcpy:hang@1") {
  begin();
  void *block = device(64);
  aclrtContext context = nullptr;
  OK(aclrtGetCurrentContext(&context));
  std::thread([=] {
    OK(aclrtSetCurrentContext(context));
    char host[64] = "";
    aclrtMemcpy(block, 64, host, 64, ACL_MEMCPY_HOST_TO_DEVICE);
    _Exit(1);
  }).detach();
  pause(50);
  char host[64] = "";
  OK(aclrtMemcpy(block, 64, host, 64, ACL_MEMCPY_HOST_TO_DEVICE));
}

CASE("copies take the time of their speed", "ACL_SIM_COPY_GBPS=1") {
  begin();
  std::vector<char> host(20'000'000);
  void *block = device(host.size());
  const double start = milliseconds();
  OK(aclrtMemcpy(block, host.size(), host.data(), host.size(), ACL_MEMCPY_HOST_TO_DEVICE));
  CHECK(milliseconds() - start >= 20);
}

CASE("in latency mode a device does one model after the other, without gaps", "ACL_SIM_EXEC_US=5000") {
  LoadedModel model(modelPath("OM_ADD"));
  const aclrtStream queue = stream();
  const double start = milliseconds();
  for (int i = 0; i < 20; ++i) OK(aclmdlExecuteAsync(model.id, model.input, model.output, queue));
  OK(aclrtSynchronizeStream(queue));
  const double took = milliseconds() - start;
  // 20 ms of gaps each would make it 500.
  CHECK(took >= 100 && took < 300);
}

CASE("latency by batch", "ACL_SIM_EXEC_US=2:1000,3:2000000") {
  LoadedModel model(modelPath("OM_ADD"));
  const double start = milliseconds();
  OK(aclmdlExecute(model.id, model.input, model.output));
  const double took = milliseconds() - start;
  CHECK(took >= 1 && took < 1000);
}

CASE("latency from a distribution is the same for the same seed", "ACL_SIM_EXEC_US=lognormal:1000:0.5:7") {
  LoadedModel model(modelPath("OM_ADD"));
  const double start = milliseconds();
  for (int i = 0; i < 50; ++i) OK(aclmdlExecute(model.id, model.input, model.output));
  // The sum of the first fifty, from the same generator and formula in Python.
  CHECK(milliseconds() - start >= 62.02);
}

CASE("devices keep timelines of their own", "ACL_SIM_EXEC_US=1000000 ACL_SIM_DEVICES=2") {
  OK(aclInit(nullptr));
  const double start = milliseconds();
  std::vector<std::thread> threads;
  for (int32_t id = 0; id < 2; ++id)
    threads.emplace_back([id] {
      LoadedModel model(modelPath("OM_ADD"), id);
      OK(aclmdlExecute(model.id, model.input, model.output));
    });
  for (std::thread &thread : threads) thread.join();
  // One after the other they would take two seconds.
  CHECK(milliseconds() - start < 1900);
}

int main(int count, char **arguments) {
  return runCases(count, arguments);
}
