#include "ort_library.h"

#include <dlfcn.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "glibc_floor.h"
#include "monitor.h"
#include "settings.h"
#include "text.h"

namespace sim {

namespace {

// OrtApi is a struct of function pointers that is only ever appended to, so an index means the same function
// in every release from 1.0 on.
enum ApiIndex : size_t {
  GetErrorMessage = 2,
  CreateEnv = 3,
  CreateSessionFromArray = 8,
  Run = 9,
  CreateSessionOptions = 10,
  SetSessionExecutionMode = 13,
  SetSessionLogSeverityLevel = 22,
  SetSessionGraphOptimizationLevel = 23,
  SetIntraOpNumThreads = 24,
  SetInterOpNumThreads = 25,
  CreateRunOptions = 39,
  CreateTensorWithDataAsOrtValue = 49,
  GetTensorMutableData = 51,
  GetTensorElementType = 60,
  GetDimensionsCount = 61,
  GetDimensions = 62,
  GetTensorTypeAndShape = 65,
  CreateCpuMemoryInfo = 69,
  ReleaseStatus = 93,
  ReleaseSession = 95,
  ReleaseValue = 96,
  ReleaseRunOptions = 97,
  ReleaseTensorTypeAndShapeInfo = 99,
  ReleaseSessionOptions = 100,
};

constexpr uint32_t apiVersion = 11;
constexpr int logFatalOnly = 4;
constexpr int allOptimizations = 99;
/** Exit waits so long for runs in progress, because onnxruntime's own static objects go right after. */
constexpr Nanoseconds longestWaitAtExit = 10'000'000'000;

struct OrtApiBase {
  const void *const *(*getApi)(uint32_t version);
  const char *(*getVersionString)();
};

struct OrtStatus;
struct OrtValue;
struct OrtTensorInfo;

struct TypePair {
  aclDataType acl;
  int ort;
};
constexpr TypePair typePairs[] = {{ACL_FLOAT, 1},    {ACL_UINT8, 2},   {ACL_INT8, 3},    {ACL_UINT16, 4},
                                  {ACL_INT16, 5},    {ACL_INT32, 6},   {ACL_INT64, 7},   {ACL_BOOL, 9},
                                  {ACL_FLOAT16, 10}, {ACL_DOUBLE, 11}, {ACL_UINT32, 12}, {ACL_UINT64, 13},
                                  {ACL_BF16, 16}};

int ortType(aclDataType type) {
  for (const TypePair &pair : typePairs)
    if (pair.acl == type) return pair.ort;
  return 0;
}

aclDataType aclType(int ort) {
  for (const TypePair &pair : typePairs)
    if (pair.ort == ort) return pair.acl;
  return ACL_DT_UNDEFINED;
}

class Library {
 public:
  Library() { problem_ = load(); }

  const std::string &problem() const { return problem_; }
  void *environment() const { return environment_; }
  void *memoryInfo() const { return memoryInfo_; }

  /** Calls entry `index`; empty or onnxruntime's message. */
  template <class... Arguments>
  std::string call(ApiIndex index, Arguments... arguments) const {
    auto *function = reinterpret_cast<OrtStatus *(*)(Arguments...)>(const_cast<void *>(api_[index]));
    OrtStatus *status = function(arguments...);
    if (status == nullptr) return "";
    auto *message = reinterpret_cast<const char *(*)(OrtStatus *)>(const_cast<void *>(api_[GetErrorMessage]));
    std::string text = message(status);
    release(ReleaseStatus, status);
    return text.empty() ? "onnxruntime failed without saying why" : text;
  }

  template <class Object>
  void release(ApiIndex index, Object *object) const {
    if (object != nullptr) reinterpret_cast<void (*)(Object *)>(const_cast<void *>(api_[index]))(object);
  }

  /** False at exit: onnxruntime must not be entered any more. */
  bool beginRun() {
    Lock lock(gate_);
    if (closed_) return false;
    ++runs_;
    return true;
  }
  void endRun() {
    Lock lock(gate_);
    --runs_;
    gate_.notifyAll();
  }
  void close() {
    // A child made by fork has none of the threads that are inside.
    if (getpid() != loadedBy_) return;
    const Nanoseconds deadline = monotonicNow() + longestWaitAtExit;
    Lock lock(gate_);
    closed_ = true;
    while (runs_ > 0 && gate_.waitUntil(deadline)) {
    }
  }

 private:
  std::string load();

  const void *const *api_ = nullptr;
  void *environment_ = nullptr;
  void *memoryInfo_ = nullptr;
  std::string problem_;
  const pid_t loadedBy_ = getpid();
  Monitor gate_;
  bool closed_ = false;
  int runs_ = 0;
};

Library &library() {
  static Library *const instance = new Library();
  return *instance;
}

/** Inside onnxruntime for as long as it lives, also when an exception ends that; the exit waits for it. */
class InsideLibrary {
 public:
  InsideLibrary() : admitted_(library().beginRun()) {}
  ~InsideLibrary() {
    if (admitted_) library().endRun();
  }
  InsideLibrary(const InsideLibrary &) = delete;
  InsideLibrary &operator=(const InsideLibrary &) = delete;

  /** False at exit: stay outside. */
  bool admitted() const { return admitted_; }

 private:
  const bool admitted_;
};

std::string Library::load() {
  const std::string &path = settings().ortLibrary;
  if (path.empty())
    return "ACL_SIM_ORT_LIBRARY is not set. It names libonnxruntime.so.1; `eval \"$(aasist simulator env)\"` "
           "sets it. "
           "ACL_SIM_EXEC_US runs models without computing.";
  setenv("ORT_DISABLE_TELEMETRY", "1", 0);
  void *handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    const char *reason = dlerror();
    return format("ACL_SIM_ORT_LIBRARY cannot be loaded: %s", reason != nullptr ? reason : path.c_str());
  }
  auto *getBase = reinterpret_cast<const OrtApiBase *(*)()>(dlsym(handle, "OrtGetApiBase"));
  if (getBase == nullptr) return path + " is not onnxruntime: it has no OrtGetApiBase";
  const OrtApiBase *base = getBase();
  api_ = base->getApi(apiVersion);
  if (api_ == nullptr)
    return format("%s is onnxruntime %s, too old: 1.%u or newer is needed", path.c_str(),
                  base->getVersionString(), apiVersion);
  std::string problem = call(CreateEnv, logFatalOnly, "acl-simulator", &environment_);
  if (problem.empty()) problem = call(CreateCpuMemoryInfo, 0, 0, &memoryInfo_);
  // Registered after onnxruntime's own exit handlers, hence called before them.
  atexit([] { library().close(); });
  return problem;
}

/** Releases a value of onnxruntime at the end of its scope. */
class Values {
 public:
  explicit Values(size_t count) : values(count, nullptr) {}
  ~Values() {
    for (OrtValue *value : values) library().release(ReleaseValue, value);
  }
  Values(const Values &) = delete;
  Values &operator=(const Values &) = delete;
  std::vector<OrtValue *> values;
};

size_t tensorBytes(const Shape &dims, aclDataType type) {
  const int64_t count = elementCount(dims);
  return count < 0 ? 0 : static_cast<size_t>(count) * elementBytes(type);
}

std::string wrap(const uint8_t *data, const Shape &dims, aclDataType type, OrtValue **value) {
  return library().call(CreateTensorWithDataAsOrtValue, library().memoryInfo(),
                        static_cast<void *>(const_cast<uint8_t *>(data)), tensorBytes(dims, type),
                        dims.data(), dims.size(), ortType(type), value);
}

std::string takeResult(OrtValue *value, OrtOutput *output) {
  OrtTensorInfo *info = nullptr;
  std::string problem = library().call(GetTensorTypeAndShape, value, &info);
  int type = 0;
  size_t rank = 0;
  if (problem.empty()) problem = library().call(GetTensorElementType, info, &type);
  if (problem.empty()) problem = library().call(GetDimensionsCount, info, &rank);
  output->dims.assign(rank, 0);
  if (problem.empty()) problem = library().call(GetDimensions, info, output->dims.data(), rank);
  library().release(ReleaseTensorTypeAndShapeInfo, info);
  if (problem.empty() && output->type == ACL_DT_UNDEFINED) output->type = aclType(type);
  if (problem.empty() && (output->type == ACL_DT_UNDEFINED || type != ortType(output->type)))
    return format("output %s has another element type than the model says", output->name);
  void *data = nullptr;
  if (problem.empty()) problem = library().call(GetTensorMutableData, value, &data);
  if (!problem.empty()) return problem;
  const auto *bytes = static_cast<const uint8_t *>(data);
  output->owned.assign(bytes, bytes + tensorBytes(output->dims, output->type));
  return "";
}

class Session : public OrtSession {
 public:
  ~Session() override {
    const InsideLibrary inside;
    if (!inside.admitted()) return;
    library().release(ReleaseRunOptions, runOptions_);
    library().release(ReleaseSession, session_);
  }

  std::string open(const std::vector<uint8_t> &model) {
    const Library &ort = library();
    void *options = nullptr;
    std::string problem = ort.call(CreateSessionOptions, &options);
    if (problem.empty()) problem = ort.call(SetSessionExecutionMode, options, 0);
    if (problem.empty()) problem = ort.call(SetSessionLogSeverityLevel, options, logFatalOnly);
    if (problem.empty()) problem = ort.call(SetSessionGraphOptimizationLevel, options, allOptimizations);
    if (problem.empty()) problem = ort.call(SetIntraOpNumThreads, options, settings().ortThreads);
    if (problem.empty()) problem = ort.call(SetInterOpNumThreads, options, 1);
    if (problem.empty())
      problem = ort.call(CreateSessionFromArray, ort.environment(), static_cast<const void *>(model.data()),
                         model.size(), options, &session_);
    ort.release(ReleaseSessionOptions, options);
    if (problem.empty()) problem = ort.call(CreateRunOptions, &runOptions_);
    return problem;
  }

  std::string run(const std::vector<OrtInput> &inputs, std::vector<OrtOutput> *outputs) override {
    const InsideLibrary inside;
    return inside.admitted() ? runInside(inputs, outputs) : "the process is ending";
  }

 private:
  std::string runInside(const std::vector<OrtInput> &inputs, std::vector<OrtOutput> *outputs) {
    Values given(inputs.size());
    Values made(outputs->size());
    std::vector<const char *> inputNames;
    std::vector<const char *> outputNames;
    for (size_t i = 0; i < inputs.size(); ++i) {
      inputNames.push_back(inputs[i].name);
      std::string problem = wrap(inputs[i].data, *inputs[i].dims, inputs[i].type, &given.values[i]);
      if (!problem.empty()) return problem;
    }
    for (size_t i = 0; i < outputs->size(); ++i) {
      const OrtOutput &output = (*outputs)[i];
      outputNames.push_back(output.name);
      if (output.data == nullptr) continue;
      std::string problem = wrap(output.data, output.dims, output.type, &made.values[i]);
      if (!problem.empty()) return problem;
    }
    std::string problem = library().call(
        Run, session_, runOptions_, static_cast<const char *const *>(inputNames.data()),
        static_cast<const OrtValue *const *>(given.values.data()), inputs.size(),
        static_cast<const char *const *>(outputNames.data()), outputs->size(), made.values.data());
    for (size_t i = 0; i < outputs->size() && problem.empty(); ++i)
      if ((*outputs)[i].data == nullptr) problem = takeResult(made.values[i], &(*outputs)[i]);
    return problem;
  }

  void *session_ = nullptr;
  void *runOptions_ = nullptr;
};

}  // namespace

OrtResult openOrtSession(const std::vector<uint8_t> &model) {
  if (!library().problem().empty()) return {nullptr, library().problem()};
  const InsideLibrary inside;
  if (!inside.admitted()) return {nullptr, "the process is ending"};
  auto session = std::make_unique<Session>();
  std::string problem = session->open(model);
  if (!problem.empty()) return {nullptr, problem};
  return {std::move(session), ""};
}

}  // namespace sim
