// Failures of tasks and the callbacks around them; host functions in streams; AIPP and dumps.
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <thread>
#include <vector>

#include "cases.h"
#include "loaded_model.h"

namespace {

struct Told {
  int times = 0;
  uint32_t task = 0;
  uint32_t stream = 0;
  uint32_t thread = 0;
  uint32_t device = 0;
  uint32_t code = 0;
  aclError allocation = 0;
  pthread_t by{};
};
Told told;

void remember(aclrtExceptionInfo *info) {
  void *block = nullptr;
  told = {told.times + 1,
          aclrtGetTaskIdFromExceptionInfo(info),
          aclrtGetStreamIdFromExceptionInfo(info),
          aclrtGetThreadIdFromExceptionInfo(info),
          aclrtGetDeviceIdFromExceptionInfo(info),
          aclrtGetErrorCodeFromExceptionInfo(info),
          aclrtMalloc(&block, 64, ACL_MEM_MALLOC_HUGE_FIRST),
          pthread_self()};
}

uint32_t threadId() {
  return static_cast<uint32_t>(syscall(SYS_gettid));
}

std::vector<int> order;

void note(void *number) {
  order.push_back(static_cast<int>(reinterpret_cast<intptr_t>(number)));
}

void *numbered(int number) {
  return reinterpret_cast<void *>(static_cast<intptr_t>(number));
}

aclrtStream stream() {
  aclrtStream made = nullptr;
  OK(aclrtCreateStream(&made));
  return made;
}

}  // namespace

CASE("a failing execution calls the exception callback on a thread without a context",
     "ACL_SIM_DEVICES=2 ACL_SIM_FAULTS=task:507018@1") {
  OK(aclrtSetExceptionInfoCallback(remember));
  LoadedModel model(modelPath("OM_ADD"), 1);
  CODE(507018, aclmdlExecute(model.id, model.input, model.output));
  CHECK(told.times == 1 && told.code == 507018 && told.device == 1 && told.thread == threadId());
  CHECK(told.allocation == 107002 && !pthread_equal(told.by, pthread_self()));
  OK(aclmdlExecute(model.id, model.input, model.output));
  CHECK(told.times == 1);
}

CASE("so does one in a stream, which tells its number", "ACL_SIM_FAULTS=task:507015@1,task:507016@2") {
  OK(aclrtSetExceptionInfoCallback(remember));
  LoadedModel model(modelPath("OM_ADD"));
  const aclrtStream queue = stream();
  int32_t id = -1;
  OK(aclrtStreamGetId(queue, &id));
  OK(aclmdlExecuteAsync(model.id, model.input, model.output, queue));
  CODE(507015, aclrtSynchronizeStream(queue));
  CHECK(told.times == 1 && told.stream == static_cast<uint32_t>(id) && told.task == 1 && told.code == 507015);
  OK(aclrtSetExceptionInfoCallback(nullptr));
  OK(aclmdlExecuteAsync(model.id, model.input, model.output, queue));
  CODE(507016, aclrtSynchronizeStream(queue));
  CHECK(told.times == 1);
}

CASE("a callback that waits for the failing thread does not hang it for good", "ACL_SIM_FAULTS=task:507018") {
  static std::atomic<bool> go{false};
  OK(aclrtSetExceptionInfoCallback([](aclrtExceptionInfo *) {
    while (!go) usleep(1000);
  }));
  LoadedModel model(modelPath("OM_ADD"));
  CODE(507018, aclmdlExecute(model.id, model.input, model.output));
  go = true;
}

CASE("exception information that is none", "") {
  CHECK(aclrtGetTaskIdFromExceptionInfo(nullptr) == 0xFFFFFFFF);
  CHECK(aclrtGetStreamIdFromExceptionInfo(nullptr) == 0xFFFFFFFF);
  CHECK(aclrtGetThreadIdFromExceptionInfo(nullptr) == 0xFFFFFFFF);
  CHECK(aclrtGetDeviceIdFromExceptionInfo(nullptr) == 0xFFFFFFFF);
  CHECK(aclrtGetErrorCodeFromExceptionInfo(nullptr) == 0xFFFFFFFF);
}

CASE("the failed operator is described by the numbers of the exception", "ACL_SIM_FAULTS=task:507018@1") {
  OK(aclrtSetExceptionInfoCallback(remember));
  LoadedModel model(modelPath("OM_ADD"));
  CODE(507018, aclmdlExecute(model.id, model.input, model.output));
  char name[256] = "";
  aclTensorDesc *inputs = nullptr;
  aclTensorDesc *outputs = nullptr;
  size_t inputCount = 0;
  size_t outputCount = 0;
  const auto describe = [&](uint32_t task, size_t room) {
    return aclmdlCreateAndGetOpDesc(told.device, told.stream, task, name, room, &inputs, &inputCount,
                                    &outputs, &outputCount);
  };
  CODE(500002, describe(told.task + 1, sizeof name));
  CODE(100000, describe(told.task, 1));
  OK(describe(told.task, sizeof name));
  CHECK(name[0] != '\0' && inputCount == 2 && outputCount == 1);
  for (size_t i = 0; i < inputCount; ++i) {
    aclTensorDesc *each = aclGetTensorDescByIndex(inputs, i);
    CHECK(aclGetTensorDescType(each) == ACL_FLOAT && aclGetTensorDescFormat(each) == ACL_FORMAT_ND);
    CHECK(aclGetTensorDescSize(each) == 24 && aclGetTensorDescNumDims(each) == 2);
    CHECK(aclGetTensorDescAddress(each) == model.address(model.input, i));
  }
  CHECK(aclGetTensorDescByIndex(inputs, 2) == nullptr && aclGetTensorDescByIndex(nullptr, 0) == nullptr);
  CHECK(aclGetTensorDescAddress(outputs) == model.address(model.output, 0));
  aclDestroyTensorDesc(inputs);
  aclDestroyTensorDesc(outputs);
}

CASE("host functions run in the thread that subscribed, and may hold their stream up",
     "ACL_SIM_FAULTS=task:20ms") {
  LoadedModel model(modelPath("OM_ADD"));
  const aclrtStream queue = stream();
  CODE(107015, aclrtLaunchCallback(note, numbered(0), ACL_CALLBACK_BLOCK, queue));
  CODE(107012, aclrtProcessReport(10));
  CODE(100000, aclrtProcessReport(0));
  std::atomic<bool> ended{false};
  std::atomic<bool> subscribed{false};
  std::thread reporter([&] {
    while (!subscribed) usleep(100);
    while (!ended) {
      const aclError code = aclrtProcessReport(20);
      CHECK(code == 0 || code == 507012 || code == 107012);
    }
  });
  const auto thread = static_cast<uint64_t>(reporter.native_handle());
  OK(aclrtSubscribeReport(thread, queue));
  CODE(107011, aclrtSubscribeReport(thread, queue));
  subscribed = true;
  OK(aclmdlExecuteAsync(model.id, model.input, model.output, queue));
  OK(aclrtLaunchCallback(note, numbered(1), ACL_CALLBACK_BLOCK, queue));
  OK(aclrtLaunchHostFunc(queue, note, numbered(2)));
  OK(aclrtLaunchCallback(note, numbered(3), ACL_CALLBACK_BLOCK, queue));
  OK(aclrtSynchronizeStream(queue));
  CHECK((order == std::vector<int>{1, 2, 3}));
  CODE(100000, aclrtLaunchCallback(note, nullptr, static_cast<aclrtCallbackBlockType>(2), queue));
  CODE(107000, aclrtLaunchCallback(nullptr, nullptr, ACL_CALLBACK_BLOCK, queue));
  CODE(107012, aclrtUnSubscribeReport(thread + 1, queue));
  OK(aclrtUnSubscribeReport(thread, queue));
  ended = true;
  reporter.join();
}

CASE("a callback nobody asks for holds its stream until the stream is aborted", "") {
  begin();
  const aclrtStream queue = stream();
  OK(aclrtSubscribeReport(static_cast<uint64_t>(pthread_self()), queue));
  OK(aclrtLaunchCallback(note, nullptr, ACL_CALLBACK_BLOCK, queue));
  CODE(507046, aclrtSynchronizeStreamWithTimeout(queue, 30));
  OK(aclrtStreamAbort(queue));
  OK(aclrtSynchronizeStream(queue));
  OK(aclrtDestroyStream(queue));
}

CASE("who waits for callbacks hears that their stream is gone", "") {
  begin();
  aclrtContext context = nullptr;
  OK(aclrtCreateContext(&context, 0));
  for (const bool withContext : {false, true}) {
    const aclrtStream queue = stream();
    std::atomic<bool> subscribed{false};
    std::thread reporter([&] {
      while (!subscribed) usleep(100);
      CODE(107012, aclrtProcessReport(-1));
    });
    OK(aclrtSubscribeReport(static_cast<uint64_t>(reporter.native_handle()), queue));
    subscribed = true;
    usleep(20000);
    OK(withContext ? aclrtDestroyContext(context) : aclrtDestroyStream(queue));
    reporter.join();
  }
}

CASE("AIPP parameters are checked, and no model takes them", "") {
  LoadedModel model(modelPath("OM_ADD"));
  CHECK(aclmdlCreateAIPP(0) == nullptr);
  aclmdlAIPP *aipp = aclmdlCreateAIPP(2);
  OK(aclmdlSetAIPPInputFormat(aipp, ACL_YUV420SP_U8));
  CODE(100000, aclmdlSetAIPPInputFormat(aipp, static_cast<aclAippInputFormat>(15)));
  CODE(100000, aclmdlSetAIPPInputFormat(nullptr, ACL_YUV420SP_U8));
  OK(aclmdlSetAIPPSrcImageSize(aipp, 416, 416));
  CODE(100000, aclmdlSetAIPPSrcImageSize(aipp, 1, 416));
  CODE(100000, aclmdlSetAIPPSrcImageSize(aipp, 416, 4097));
  OK(aclmdlSetAIPPRbuvSwapSwitch(aipp, 1));
  CODE(100000, aclmdlSetAIPPRbuvSwapSwitch(aipp, 2));
  OK(aclmdlSetAIPPAxSwapSwitch(aipp, 0));
  CODE(100000, aclmdlSetAIPPAxSwapSwitch(nullptr, 0));
  OK(aclmdlSetAIPPCscParams(aipp, 1, 256, 0, 359, 256, -88, -183, 256, 454, 0, 0, 0, 0, 0, 128, 128));
  CODE(100000, aclmdlSetAIPPCscParams(aipp, -1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
  OK(aclmdlSetAIPPCropParams(aipp, 1, 0, 0, 224, 224, 1));
  CODE(100000, aclmdlSetAIPPCropParams(aipp, 1, 0, 0, 224, 224, 2));
  OK(aclmdlSetAIPPScfParams(aipp, 1, 224, 224, 112, 112, 0));
  CODE(100000, aclmdlSetAIPPScfParams(aipp, 3, 224, 224, 112, 112, 0));
  OK(aclmdlSetAIPPPaddingParams(aipp, 1, 1, 1, 1, 1, 0));
  CODE(100000, aclmdlSetAIPPPaddingParams(nullptr, 1, 1, 1, 1, 1, 0));
  OK(aclmdlSetAIPPDtcPixelMean(aipp, 104, 117, 123, 0, 0));
  CODE(100000, aclmdlSetAIPPDtcPixelMean(aipp, 104, 117, 123, 0, 9));
  OK(aclmdlSetAIPPDtcPixelMin(aipp, 0, 0, 0, 0, 1));
  CODE(100000, aclmdlSetAIPPDtcPixelMin(aipp, 0, 0, 0, 0, 2));
  OK(aclmdlSetAIPPPixelVarReci(aipp, 1, 1, 1, 0, 1));
  CODE(100000, aclmdlSetAIPPPixelVarReci(aipp, 1, 1, 1, 0, UINT64_MAX));
  aclmdlInputAippType type = ACL_DYNAMIC_AIPP_NODE;
  size_t attached = 0;
  OK(aclmdlGetAippType(model.id, 1, &type, &attached));
  CHECK(type == ACL_DATA_WITHOUT_AIPP && attached == ACL_INVALID_NODE_INDEX);
  CODE(100000, aclmdlGetAippType(model.id, 2, &type, &attached));
  CODE(145003, aclmdlGetAippType(99, 0, &type, &attached));
  CODE(100000, aclmdlSetInputAIPP(model.id, model.input, 0, aipp));
  CODE(100000, aclmdlSetInputAIPP(model.id, nullptr, 0, aipp));
  CODE(145003, aclmdlSetInputAIPP(99, model.input, 0, aipp));
  CODE(500001, aclmdlSetAIPPByInputIndex(model.id, model.input, 0, aipp));
  CODE(100000, aclmdlSetAIPPByInputIndex(model.id, model.input, 2, aipp));
  char info[1] = "";
  CODE(145015, aclmdlGetFirstAippInfo(model.id, 0, reinterpret_cast<aclAippInfo *>(info)));
  CODE(100000, aclmdlGetFirstAippInfo(model.id, 0, nullptr));
  OK(aclmdlDestroyAIPP(aipp));
  CODE(100000, aclmdlDestroyAIPP(nullptr));
  model.release();
}

CASE("dumps are begun and ended once", "") {
  CODE(100001, aclmdlInitDump());
  OK(aclInit(nullptr));
  CODE(100045, aclmdlSetDump("dump.json"));
  OK(aclmdlInitDump());
  CODE(100044, aclmdlInitDump());
  CODE(100000, aclmdlSetDump(nullptr));
  CODE(100003, aclmdlSetDump("/nowhere/dump.json"));
  OK(aclmdlFinalizeDump());
  CODE(100045, aclmdlFinalizeDump());
}

int main(int count, char **arguments) {
  return runCases(count, arguments);
}
