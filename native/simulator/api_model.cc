// Loading and unloading models.
#include <cstring>
#include <string>

#include "../acl_error_codes.h"
#include "call.h"
#include "ledger.h"
#include "model.h"
#include "objects.h"
#include "om_file.h"
#include "process.h"
#include "text.h"

using namespace sim;

struct aclmdlConfigHandle {
  int32_t priority = 0;
  size_t loadType = 0;
  std::string path;
  std::string weightPath;
  const void *model = nullptr;
  size_t modelBytes = 0;
  GivenMemory memory;
};

namespace {

constexpr int32_t lowestPriority = 7;

aclError report(const OmProblem &problem) {
  return problem.code == 0 ? 0 : fail(problem.code, problem.textCode, problem.text);
}

aclError parseFile(const char *path, OmFile *file) {
  return report(readOmFile(path, file));
}

aclError parseMemory(const void *model, size_t size, OmFile *file) {
  if (size == 0) return fail(acl::ACL_ERROR_INVALID_PARAM, "EH0001", "The model's size 0 is invalid.");
  if (deviceOf(model) != nullptr)
    return fail(acl::ACL_ERROR_INVALID_PARAM, "EH0001", "The model must be in host memory.");
  return report(readOm(static_cast<const uint8_t *>(model), size, file));
}

/** The checks every load begins with, then `parse` fills the file. */
template <class Parse>
aclError load(uint32_t *modelId, const GivenMemory &memory, Parse parse) {
  if (modelId == nullptr) return nullArgument("modelId");
  aclError code = requireInit();
  if (code != 0) return code;
  const auto context = requireContext();
  if (context == nullptr) return acl::ACL_ERROR_RT_CONTEXT_NULL;
  OmFile file;
  code = parse(&file);
  return code != 0 ? code : loadModel(std::move(file), *context, memory, modelId);
}

aclError loadFile(const char *path, uint32_t *modelId, const GivenMemory &memory) {
  if (path == nullptr) return nullArgument("modelPath");
  return load(modelId, memory, [&](OmFile *file) { return parseFile(path, file); });
}

aclError loadMemory(const void *model, size_t size, uint32_t *modelId, const GivenMemory &memory) {
  if (model == nullptr) return nullArgument("model");
  return load(modelId, memory, [&](OmFile *file) { return parseMemory(model, size, file); });
}

template <class Parse>
aclError querySize(size_t *workSize, size_t *weightSize, Parse parse) {
  if (workSize == nullptr || weightSize == nullptr) return nullArgument("workSize");
  aclError code = requireInit();
  if (code != 0) return code;
  OmFile file;
  code = parse(&file);
  if (code != 0) return code;
  const ModelMemory needed = neededMemory(file.info);
  *workSize = needed.workBytes;
  *weightSize = needed.weightBytes;
  return 0;
}

template <class Value>
bool take(const void *attrValue, size_t valueSize, Value *value) {
  if (valueSize != sizeof(Value)) return false;
  memcpy(value, attrValue, sizeof(Value));
  return true;
}

bool takeText(const void *attrValue, size_t valueSize, std::string *text) {
  const char *pointer = nullptr;
  if (!take(attrValue, valueSize, &pointer) || pointer == nullptr) return false;
  *text = pointer;
  return true;
}

bool setOption(aclmdlConfigHandle *handle, aclmdlConfigAttr attr, const void *attrValue, size_t valueSize) {
  switch (attr) {
    case ACL_MDL_PRIORITY_INT32:
      return take(attrValue, valueSize, &handle->priority) && handle->priority >= 0 &&
             handle->priority <= lowestPriority;
    case ACL_MDL_LOAD_TYPE_SIZET:
      return take(attrValue, valueSize, &handle->loadType) && handle->loadType >= ACL_MDL_LOAD_FROM_FILE &&
             handle->loadType <= ACL_MDL_LOAD_FROM_MEM_WITH_Q;
    case ACL_MDL_PATH_PTR:
      return takeText(attrValue, valueSize, &handle->path);
    case ACL_MDL_WEIGHT_PATH_PTR:
      return takeText(attrValue, valueSize, &handle->weightPath);
    case ACL_MDL_MEM_ADDR_PTR:
      return take(attrValue, valueSize, &handle->model);
    case ACL_MDL_MEM_SIZET:
      return take(attrValue, valueSize, &handle->modelBytes);
    case ACL_MDL_WEIGHT_ADDR_PTR:
      return take(attrValue, valueSize, &handle->memory.weight);
    case ACL_MDL_WEIGHT_SIZET:
      return take(attrValue, valueSize, &handle->memory.weightBytes);
    case ACL_MDL_WORKSPACE_ADDR_PTR:
      return take(attrValue, valueSize, &handle->memory.work);
    case ACL_MDL_WORKSPACE_SIZET:
      return take(attrValue, valueSize, &handle->memory.workBytes);
    case ACL_MDL_WORKSPACE_MEM_OPTIMIZE:
    case ACL_MDL_MEM_MALLOC_POLICY_SIZET:
      return valueSize == sizeof(size_t);
    default:
      return false;
  }
}

aclError missingOption(const char *what) {
  return fail(acl::ACL_ERROR_INVALID_PARAM, "EH0001", format("The configuration handle has no %s.", what));
}

aclError loadWithConfig(const aclmdlConfigHandle &handle, uint32_t *modelId) {
  const bool fromFile =
      handle.loadType == ACL_MDL_LOAD_FROM_FILE || handle.loadType == ACL_MDL_LOAD_FROM_FILE_WITH_MEM;
  const bool fromMemory =
      handle.loadType == ACL_MDL_LOAD_FROM_MEM || handle.loadType == ACL_MDL_LOAD_FROM_MEM_WITH_MEM;
  if (!fromFile && !fromMemory) return missingOption("load type of 1 to 4");
  if (fromFile && handle.path.empty()) return missingOption("path");
  if (fromMemory && (handle.model == nullptr || handle.modelBytes == 0))
    return missingOption("model address and size");
  const bool withMemory =
      handle.loadType == ACL_MDL_LOAD_FROM_FILE_WITH_MEM || handle.loadType == ACL_MDL_LOAD_FROM_MEM_WITH_MEM;
  const GivenMemory memory = withMemory ? handle.memory : GivenMemory();
  return fromFile ? loadFile(handle.path.c_str(), modelId, memory)
                  : loadMemory(handle.model, handle.modelBytes, modelId, memory);
}

}  // namespace

extern "C" {

aclError aclmdlLoadFromFile(const char *modelPath, uint32_t *modelId) {
  return invoke("aclmdlLoadFromFile", [&] { return loadFile(modelPath, modelId, {}); });
}

aclError aclmdlLoadFromMem(const void *model, size_t modelSize, uint32_t *modelId) {
  return invoke("aclmdlLoadFromMem", [&] { return loadMemory(model, modelSize, modelId, {}); });
}

aclError aclmdlLoadFromFileWithMem(const char *modelPath, uint32_t *modelId, void *workPtr, size_t workSize,
                                   void *weightPtr, size_t weightSize) {
  return invoke("aclmdlLoadFromFileWithMem", [&] {
    return loadFile(modelPath, modelId, {workPtr, workSize, weightPtr, weightSize});
  });
}

aclError aclmdlLoadFromMemWithMem(const void *model, size_t modelSize, uint32_t *modelId, void *workPtr,
                                  size_t workSize, void *weightPtr, size_t weightSize) {
  return invoke("aclmdlLoadFromMemWithMem", [&] {
    return loadMemory(model, modelSize, modelId, {workPtr, workSize, weightPtr, weightSize});
  });
}

aclError aclmdlUnload(uint32_t modelId) {
  return invoke("aclmdlUnload", [&]() -> aclError {
    const aclError code = requireInit();
    if (code != 0) return code;
    const auto context = requireContext();
    return context == nullptr ? acl::ACL_ERROR_RT_CONTEXT_NULL : unloadModel(modelId, *context);
  });
}

aclError aclmdlQuerySize(const char *fileName, size_t *workSize, size_t *weightSize) {
  return invoke("aclmdlQuerySize", [&]() -> aclError {
    if (fileName == nullptr) return nullArgument("fileName");
    return querySize(workSize, weightSize, [&](OmFile *file) { return parseFile(fileName, file); });
  });
}

aclError aclmdlQuerySizeFromMem(const void *model, size_t modelSize, size_t *workSize, size_t *weightSize) {
  return invoke("aclmdlQuerySizeFromMem", [&]() -> aclError {
    if (model == nullptr) return nullArgument("model");
    return querySize(workSize, weightSize, [&](OmFile *file) { return parseMemory(model, modelSize, file); });
  });
}

aclmdlConfigHandle *aclmdlCreateConfigHandle(void) {
  return invokeOr<aclmdlConfigHandle *>("aclmdlCreateConfigHandle", nullptr, [] {
    auto *handle = new aclmdlConfigHandle();
    ++ledger().live.configHandles;
    return handle;
  });
}

aclError aclmdlDestroyConfigHandle(aclmdlConfigHandle *handle) {
  return invoke("aclmdlDestroyConfigHandle", [&]() -> aclError {
    if (handle == nullptr) return nullArgument("handle");
    delete handle;
    --ledger().live.configHandles;
    return 0;
  });
}

aclError aclmdlSetConfigOpt(aclmdlConfigHandle *handle, aclmdlConfigAttr attr, const void *attrValue,
                            size_t valueSize) {
  return invoke("aclmdlSetConfigOpt", [&]() -> aclError {
    if (handle == nullptr) return nullArgument("handle");
    if (attrValue == nullptr) return nullArgument("attrValue");
    if (setOption(handle, attr, attrValue, valueSize)) return 0;
    return fail(acl::ACL_ERROR_INVALID_PARAM, "EH0001",
                format("Attribute %d with a value of %zu bytes is invalid.", attr, valueSize));
  });
}

aclError aclmdlLoadWithConfig(const aclmdlConfigHandle *handle, uint32_t *modelId) {
  return invoke("aclmdlLoadWithConfig", [&] {
    return handle == nullptr ? nullArgument("handle") : loadWithConfig(*handle, modelId);
  });
}

aclError aclmdlGetDescFromFile(aclmdlDesc *modelDesc, const char *modelPath) {
  return invoke("aclmdlGetDescFromFile", [&]() -> aclError {
    if (modelDesc == nullptr) return nullArgument("modelDesc");
    if (modelPath == nullptr) return nullArgument("modelPath");
    OmFile file;
    const aclError code = parseFile(modelPath, &file);
    if (code == 0) *modelDesc = {std::make_shared<const ModelInfo>(std::move(file.info)), {}, 0, {}};
    return code;
  });
}

aclError aclmdlGetDescFromMem(aclmdlDesc *modelDesc, const void *model, size_t modelSize) {
  return invoke("aclmdlGetDescFromMem", [&]() -> aclError {
    if (modelDesc == nullptr) return nullArgument("modelDesc");
    if (model == nullptr) return nullArgument("model");
    OmFile file;
    const aclError code = parseMemory(model, modelSize, &file);
    if (code == 0) *modelDesc = {std::make_shared<const ModelInfo>(std::move(file.info)), {}, 0, {}};
    return code;
  });
}

}  // extern "C"
