// Initialisation, devices, contexts, errors.
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <thread>

#include "cases.h"

CASE("calls before aclInit answer 145001, finalize without init 100037", "") {
  uint32_t id = 0;
  CODE(145001, aclmdlLoadFromFile("x.om", &id));
  CODE(145001, aclmdlLoadFromMem("x", 1, &id));
  CODE(145001, aclmdlUnload(1));
  size_t work = 0;
  size_t weight = 0;
  CODE(145001, aclmdlQuerySize("x.om", &work, &weight));
  aclmdlDesc *description = aclmdlCreateDesc();
  CODE(145001, aclmdlGetDesc(description, 1));
  aclmdlDataset *dataset = aclmdlCreateDataset();
  CODE(145001, aclmdlExecute(1, dataset, dataset));
  CODE(100037, aclFinalize());
}

CASE("a second aclInit answers 100002 and the first stays good", "") {
  OK(aclInit(""));
  CODE(100002, aclInit(nullptr));
  OK(aclrtSetDevice(0));
  OK(aclFinalize());
  CODE(100037, aclFinalize());
}

CASE("from 8.5 on initialisations are counted and the process can begin again", "ACL_SIM_CANN=8.5") {
  OK(aclInit(nullptr));
  CODE(100002, aclInit(nullptr));
  uint64_t left = 99;
  OK(aclFinalizeReference(&left));
  CHECK(left == 1);
  OK(aclFinalizeReference(&left));
  CHECK(left == 0);
  CODE(100037, aclFinalizeReference(&left));
  OK(aclInit(nullptr));
}

CASE("up to 8.3 finalize is the end", "ACL_SIM_CANN=8.3") {
  OK(aclInit(nullptr));
  OK(aclFinalize());
  CODE(100002, aclInit(nullptr));
}

CASE("the configuration file must be there and be one JSON object", "") {
  CODE(100003, aclInit("/nowhere/acl.json"));
  const std::string path = std::string(modelPath("SCRATCH")) + "/acl.json";
  const auto write = [&](const char *text) {
    FILE *file = fopen(path.c_str(), "w");
    fputs(text, file);
    fclose(file);
  };
  for (const char *bad : {"{", "[]", "{\"a\":}", "{} {}", "{\"a\" 1}", "{{{{{{{{{{{{}}}}}}}}}}}}",
                          "{\"a\":[[[[[[[[[[[1]]]]]]]]]]]}"}) {
    write(bad);
    CODE(100006, aclInit(path.c_str()));
  }
  write("{ \"dump\": { \"dump_list\": [ { \"layer\": [\"a\\\"b\", 1.5e3, true, null] } ] } }\n");
  OK(aclInit(path.c_str()));
}

CASE("settings that mean nothing are said at aclInit", "ACL_SIM_DEVICES=many") {
  CODE(100000, aclInit(nullptr));
  const char *message = aclGetRecentErrMsg();
  CHECK(message != nullptr && strstr(message, "ACL_SIM_DEVICES=many") != nullptr);
}

CASE("faults that mean nothing are said at aclInit", "ACL_SIM_FAULTS=aclrtMalloc=1,aclrtFree:107000@0") {
  CODE(100000, aclInit(nullptr));
  const char *message = aclGetRecentErrMsg();
  CHECK(message != nullptr && strstr(message, "\"aclrtMalloc=1\", \"aclrtFree:107000@0\"") != nullptr);
}

CASE("a delay of more than 30 years means nothing: nanoseconds end there",
     "ACL_SIM_FAULTS=task:9999999999999s") {
  CODE(100000, aclInit(nullptr));
}

CASE("the recent message belongs to the thread, is given once, and is NULL when there is none", "") {
  CHECK(aclGetRecentErrMsg() == nullptr);
  CODE(100000, aclrtGetDeviceCount(nullptr));
  std::thread([] { CHECK(aclGetRecentErrMsg() == nullptr); }).join();
  const char *message = aclGetRecentErrMsg();
  CHECK(message != nullptr);
  CHECK(strncmp(message, "EH0002: [PID: ", 14) == 0);
  CHECK(strstr(message, "Solution:") != nullptr);
  CHECK(strstr(message, "TraceBack (most recent call last):") != nullptr);
  CHECK(aclGetRecentErrMsg() == nullptr);
}

CASE("the last error is the thread's, peeked at or taken", "") {
  CODE(107001, aclrtSetDevice(7));
  CODE(107001, aclrtPeekAtLastError(ACL_RT_THREAD_LEVEL));
  CODE(107001, aclrtGetLastError(ACL_RT_THREAD_LEVEL));
  CODE(0, aclrtGetLastError(ACL_RT_THREAD_LEVEL));
  CODE(100000, aclrtGetLastError(static_cast<aclrtLastErrLevel>(1)));
}

CASE("device count and range", "ACL_SIM_DEVICES=3") {
  uint32_t count = 0;
  OK(aclrtGetDeviceCount(&count));
  CHECK(count == 3);
  CODE(107001, aclrtSetDevice(3));
  CODE(107001, aclrtSetDevice(-1));
  CODE(107001, aclrtResetDevice(3));
  aclrtContext context = nullptr;
  CODE(107001, aclrtCreateContext(&context, 3));
  CODE(100000, aclrtCreateContext(nullptr, 0));
  OK(aclrtSetDevice(2));
  int32_t device = -1;
  OK(aclrtGetDevice(&device));
  CHECK(device == 2);
}

CASE("visible devices are a part of all", "ACL_SIM_DEVICES=4 ASCEND_RT_VISIBLE_DEVICES=1,3") {
  uint32_t count = 0;
  OK(aclrtGetDeviceCount(&count));
  CHECK(count == 2);
}

namespace {

/** What a process with this list is answered: a number of devices, or a code with its message. */
void expectVisible(const char *list, aclError code, uint32_t wanted) {
  const pid_t child = fork();
  if (child == 0) {
    setenv("ASCEND_RT_VISIBLE_DEVICES", list, 1);
    uint32_t count = 99;
    CODE(code, aclrtGetDeviceCount(&count));
    CHECK(count == wanted);
    if (code != 0) CHECK(std::string(aclGetRecentErrMsg()).find("EE2002") == 0);
    CODE(wanted == 0 ? 107001 : 0, aclrtSetDevice(0));
    CODE(107001, aclrtSetDevice(static_cast<int32_t>(wanted)));
    _exit(0);
  }
  int status = -1;
  CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

}  // namespace

CASE("a list of visible devices ends where it makes no sense", "ACL_SIM_DEVICES=3") {
  for (const char *list : {"1", "1,", "1,,2", "1*,2", "0#1,", "1,-1", "2,x"}) expectVisible(list, 0, 1);
  for (const char *list : {"0,1", "0,1,5,7", "0,1$0,"}) expectVisible(list, 0, 2);
  // There are no more to come.
  for (const char *list : {"0,1,2", "0,1,2,0"}) expectVisible(list, 0, 3);
  expectVisible("", 0, 0);
}

CASE("a list of visible devices that begins wrong, or is out of order, leaves none", "ACL_SIM_DEVICES=3") {
  for (const char *list : {",0", "-1,2", "10", "x", "1234567891012345678910123456789", "1,0", "0,1,1", "1,1"})
    expectVisible(list, 207004, 0);
}

CASE("no devices", "ACL_SIM_DEVICES=0") {
  OK(aclInit(nullptr));
  uint32_t count = 9;
  OK(aclrtGetDeviceCount(&count));
  CHECK(count == 0);
  CODE(107001, aclrtSetDevice(0));
}

CASE("SetDevice and ResetDevice are counted; one too many answers 507007", "") {
  OK(aclInit(nullptr));
  CODE(507007, aclrtResetDevice(0));
  OK(aclrtSetDevice(0));
  OK(aclrtSetDevice(0));
  OK(aclrtResetDevice(0));
  void *block = nullptr;
  OK(aclrtMalloc(&block, 64, ACL_MEM_MALLOC_HUGE_FIRST));
  OK(aclrtFree(block));
  OK(aclrtResetDevice(0));
  CODE(107002, aclrtMalloc(&block, 64, ACL_MEM_MALLOC_HUGE_FIRST));
  CODE(507007, aclrtResetDevice(0));
  OK(aclrtSetDevice(0));
  OK(aclrtSetDevice(0));
  OK(aclrtResetDeviceForce(0));
  CODE(107002, aclrtMalloc(&block, 64, ACL_MEM_MALLOC_HUGE_FIRST));
  CODE(507007, aclrtResetDeviceForce(0));
}

CASE("the current context is the thread's; threads that set a device share its default context", "") {
  begin();
  aclrtContext first = nullptr;
  OK(aclrtGetCurrentContext(&first));
  std::thread([&] {
    void *block = nullptr;
    CODE(107002, aclrtMalloc(&block, 64, ACL_MEM_MALLOC_HUGE_FIRST));
    OK(aclrtSetDevice(0));
    aclrtContext second = nullptr;
    OK(aclrtGetCurrentContext(&second));
    CHECK(second == first);
    OK(aclrtResetDevice(0));
  }).join();
  CODE(107002, aclrtDestroyContext(first));
}

CASE("CreateContext opens the device and makes the context current", "") {
  OK(aclInit(nullptr));
  aclrtContext context = nullptr;
  OK(aclrtCreateContext(&context, 0));
  void *block = nullptr;
  OK(aclrtMalloc(&block, 64, ACL_MEM_MALLOC_HUGE_FIRST));
  OK(aclrtFree(block));
  OK(aclrtDestroyContext(context));
  CODE(107002, aclrtMalloc(&block, 64, ACL_MEM_MALLOC_HUGE_FIRST));
  CODE(100000, aclrtDestroyContext(nullptr));
  CODE(100000, aclrtSetCurrentContext(nullptr));
  OK(aclrtSetCurrentContext(context));
  CODE(107002, aclrtMalloc(&block, 64, ACL_MEM_MALLOC_HUGE_FIRST));
}

CASE("GetCurrentContext without one: NULL from 8.5 on", "ACL_SIM_CANN=8.5") {
  aclrtContext context = &context;
  OK(aclrtGetCurrentContext(&context));
  CHECK(context == nullptr);
}

CASE("GetCurrentContext without one: 107002 up to 8.3", "ACL_SIM_CANN=8.3") {
  aclrtContext context = nullptr;
  CODE(107002, aclrtGetCurrentContext(&context));
}

CASE("what the device says of itself", "") {
  begin();
  CHECK(strcmp(aclrtGetSocName(), "Ascend310P3") == 0);
  aclrtRunMode mode = ACL_DEVICE;
  OK(aclrtGetRunMode(&mode));
  CHECK(mode == ACL_HOST);
  aclrtDeviceStatus status = ACL_RT_DEVICE_STATUS_END;
  OK(aclrtQueryDeviceStatus(0, &status));
  CHECK(status == ACL_RT_DEVICE_STATUS_NORMAL);
  int64_t value = 0;
  OK(aclGetDeviceCapability(0, ACL_DEVICE_INFO_AI_CORE_NUM, &value));
  CHECK(value == 8);
  OK(aclrtGetDeviceInfo(0, ACL_DEV_ATTR_TOTAL_GLOBAL_MEM_SIZE, &value));
  CHECK(value == int64_t{21525} << 20);
  aclrtUtilizationInfo use{};
  OK(aclrtGetDeviceUtilizationRate(0, &use));
  CHECK(use.memoryUtilization == -1);
  use.utilizationExtend = reinterpret_cast<aclrtUtilizationExtendInfo *>(&use);
  CODE(100000, aclrtGetDeviceUtilizationRate(0, &use));
}

CASE("versions", "ACL_SIM_CANN=8.5") {
  int32_t major = 0;
  int32_t minor = 0;
  int32_t patch = -1;
  OK(aclrtGetVersion(&major, &minor, &patch));
  CHECK(major == 1 && minor == 16 && patch == 0);
  char name[] = "runtime";
  char text[ACL_PKG_VERSION_MAX_SIZE] = "";
  OK(aclsysGetVersionStr(name, text));
  CHECK(strcmp(text, "8.5.0") == 0);
  int32_t number = 0;
  OK(aclsysGetVersionNum(name, &number));
  CHECK(number == 80500000);
  aclCANNPackageVersion version{};
  OK(aclsysGetCANNVersion(ACL_PKG_NAME_RUNTIME, &version));
  CHECK(strcmp(version.majorVersion, "8") == 0);
}

CASE("sizes of types and conversion of halves", "") {
  CHECK(aclDataTypeSize(ACL_FLOAT16) == 2 && aclDataTypeSize(ACL_INT64) == 8 &&
        aclDataTypeSize(ACL_COMPLEX128) == 16);
  CHECK(aclDataTypeSize(ACL_STRING) == 0 && aclDataTypeSize(static_cast<aclDataType>(99)) == 8);
  CHECK(aclFloatToFloat16(1.0F) == 0x3C00 && aclFloatToFloat16(-2.0F) == 0xC000);
  CHECK(aclFloatToFloat16(65504.0F) == 0x7BFF && aclFloatToFloat16(1e10F) == 0x7BFF);
  CHECK(aclFloatToFloat16(5.9604645e-8F) == 0x0001 && aclFloatToFloat16(2.9802322e-8F) == 0x0000);
  CHECK(aclFloat16ToFloat(0x3555) == 0.333251953125F && aclFloat16ToFloat(0x0001) == 5.9604644775390625e-8F);
  for (uint32_t half = 0; half < 0x7C00; ++half)
    CHECK(aclFloatToFloat16(aclFloat16ToFloat(static_cast<aclFloat16>(half))) == half);
}

CASE("faults for functions that are none are said at aclInit",
     "ACL_SIM_FAULTS=aclmdlExcute:1,nosuch:hang,TASK:507018,aclrtMalloc:207001@9,aclgrphBuildModel:1@9,task:"
     "1@9") {
  CODE(100000, aclInit(nullptr));
  const char *message = aclGetRecentErrMsg();
  CHECK(message != nullptr && strstr(message, "no function TASK, aclmdlExcute, nosuch.") != nullptr);
}

CASE("a log that cannot be written is said at aclInit", "ACL_SIM_LOG=/nonexistent/log") {
  CODE(100000, aclInit(nullptr));
  CHECK(strstr(aclGetRecentErrMsg(), "ACL_SIM_LOG=/nonexistent/log") != nullptr);
}

CASE("a report that cannot be written is said at aclInit", "ACL_SIM_REPORT=/nonexistent/report") {
  CODE(100000, aclInit(nullptr));
  CHECK(strstr(aclGetRecentErrMsg(), "ACL_SIM_REPORT=/nonexistent/report") != nullptr);
}

CASE("a fault answers with its code on the uses it names",
     "ACL_SIM_FAULTS=aclrtMalloc:207001@2-3,aclrtFree:507899@2;aclmdlCreateDesc:200000") {
  begin();
  void *first = nullptr;
  void *second = nullptr;
  OK(aclrtMalloc(&first, 64, ACL_MEM_MALLOC_HUGE_FIRST));
  CODE(207001, aclrtMalloc(&second, 64, ACL_MEM_MALLOC_HUGE_FIRST));
  CHECK(strstr(aclGetRecentErrMsg(), "aclrtMalloc failed with 207001") != nullptr);
  CODE(207001, aclrtMalloc(&second, 64, ACL_MEM_MALLOC_HUGE_FIRST));
  OK(aclrtMalloc(&second, 64, ACL_MEM_MALLOC_HUGE_FIRST));
  OK(aclrtFree(first));
  CODE(507899, aclrtFree(second));
  OK(aclrtFree(second));
  CHECK(aclmdlCreateDesc() == nullptr);
}

CASE("a fault can take the recent message away", "ACL_SIM_FAULTS=aclGetRecentErrMsg:500000") {
  CODE(100000, aclrtGetDeviceCount(nullptr));
  CHECK(aclGetRecentErrMsg() == nullptr);
}

// A function-local static made before the library's own singletons: destroyed after them.
struct Late {
  ~Late() {
    aclFinalize();
    aclrtSetDevice(0);
    aclrtContext context = nullptr;
    aclrtCreateContext(&context, 0);
    aclrtDestroyContext(context);
    aclrtFree(this);
    aclrtFree(nullptr);
    aclrtResetDevice(0);
    if (aclGetRecentErrMsg() == nullptr) _Exit(1);
  }
};

CASE("calls from static destructors and after finalize do no harm", "") {
  static Late late;
  begin();
}

int main(int count, char **arguments) {
  return runCases(count, arguments);
}
