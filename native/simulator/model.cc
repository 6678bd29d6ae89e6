#include "model.h"

#include <map>

#include "../acl_error_codes.h"
#include "ledger.h"
#include "settings.h"
#include "text.h"
#include "thread_state.h"

namespace sim {

namespace {

struct Registry {
  Monitor monitor;
  std::map<uint32_t, std::shared_ptr<Model>> models;
  /** Models of a dynamic shape get ids from 2³¹ on, all others from 1. */
  uint32_t nextStaticId = 1;
  uint32_t nextDynamicId = 0x80000000U;
};

Registry &registry() {
  static auto *const instance = new Registry();
  return *instance;
}

aclError checkGiven(const Device &device, const char *what, const void *address, size_t bytes,
                    uint64_t needed) {
  if (bytes < needed)
    return fail(acl::ACL_ERROR_GE_PARAM_INVALID, "E19999",
                format("The %s memory has %zu bytes, the model needs %llu.", what, bytes,
                       static_cast<unsigned long long>(needed)));
  if (device.memory.span(address, bytes).data == nullptr)
    return fail(acl::ACL_ERROR_GE_PARAM_INVALID, "E19999",
                format("The %s memory is not device memory of %zu bytes on this device.", what, bytes));
  return 0;
}

/** False, and in the report, when `model` was loaded in another context. */
bool noteContext(const Model &model, const Context &context) {
  if (model.context == context.handle) return true;
  ledger().problem("other-context",
                   format("model %u was used in another context than it was loaded in", model.id));
  return false;
}

}  // namespace

ModelMemory neededMemory(const ModelInfo &info) {
  return {workBytes(info), info.weightBytes};
}

Model::Model(uint32_t id, std::shared_ptr<const ModelInfo> info, const Context &context)
    : id(id),
      info(std::move(info)),
      context(context.handle),
      streamId(newStreamId()),
      device(context.device) {}

Model::~Model() {
  for (const void *block : memory_) device->memory.free(block);
}

aclError Model::takeMemory(const GivenMemory &given) {
  const ModelMemory needed = neededMemory(*info);
  const auto take = [&](const char *what, const void *address, size_t bytes, uint64_t wanted) -> aclError {
    if (address != nullptr) return checkGiven(*device, what, address, bytes, wanted);
    if (wanted == 0) return 0;
    void *block = device->memory.allocate(wanted);
    if (block == nullptr)
      return fail(acl::ACL_ERROR_GE_DEVICE_MEMORY_OPERATE_FAILED, "EL0004",
                  format("Failed to allocate %llu bytes of device memory for the model's %s memory.",
                         static_cast<unsigned long long>(wanted), what));
    memory_.push_back(block);
    return 0;
  };
  const aclError code = take("weight", given.weight, given.weightBytes, needed.weightBytes);
  return code != 0 ? code : take("work", given.work, given.workBytes, needed.workBytes);
}

Model::Begin Model::begin(const void *stream) {
  Lock lock(monitor_);
  if (unloaded_) return Begin::Unloaded;
  if (runs_ > 0 && (stream == nullptr || stream != runningStream_)) return Begin::Busy;
  ++runs_;
  runningStream_ = stream;
  return Begin::Yes;
}

void Model::end() {
  Lock lock(monitor_);
  --runs_;
}

Model::Begin Model::close() {
  Lock lock(monitor_);
  if (unloaded_) return Begin::Unloaded;
  if (runs_ > 0) return Begin::Busy;
  unloaded_ = true;
  return Begin::Yes;
}

void Model::setCurrentGear(int64_t gear) {
  Lock lock(monitor_);
  currentGear_ = gear;
}

int64_t Model::currentGear() {
  Lock lock(monitor_);
  return currentGear_;
}

aclError loadModel(OmFile file, const Context &context, const GivenMemory &given, uint32_t *id) {
  if (file.info.soc != settings().socName)
    return fail(acl::ACL_ERROR_GE_LOAD_MODEL, "E19999",
                format("The soc version of the model [%s] does not match the device [%s]. Compile it with "
                       "--soc_version=%s.",
                       file.info.soc.c_str(), settings().socName.c_str(), settings().socName.c_str()));
  auto info = std::make_shared<const ModelInfo>(std::move(file.info));
  uint32_t modelId = 0;
  {
    Lock lock(registry().monitor);
    modelId = info->dynamics == Dynamics::Shape ? registry().nextDynamicId++ : registry().nextStaticId++;
  }
  auto model = std::make_shared<Model>(modelId, info, context);
  const aclError code = model->takeMemory(given);
  if (code != 0) return code;
  MadeExecutor made =
      settings().executionTime.enabled ? makeLatencyExecutor(*info) : makeOrtExecutor(*info, file.graph);
  if (made.executor == nullptr)
    return fail(acl::ACL_ERROR_GE_LOAD_MODEL, "E19999",
                "The model cannot be loaded. Reason: " + made.problem);
  model->executor = std::move(made.executor);
  Lock lock(registry().monitor);
  registry().models.emplace(modelId, model);
  *id = modelId;
  return 0;
}

std::shared_ptr<Model> requireModel(uint32_t id) {
  {
    Lock lock(registry().monitor);
    const auto found = registry().models.find(id);
    if (found != registry().models.end()) return found->second;
  }
  notLoaded(id);
  return nullptr;
}

aclError notLoaded(uint32_t id) {
  return fail(acl::ACL_ERROR_GE_EXEC_MODEL_ID_INVALID, "E19999",
              format("The model of id %u is not loaded.", id));
}

aclError requireModelContext(const Model &model, const Context &context) {
  if (noteContext(model, context)) return 0;
  return fail(acl::ACL_ERROR_RT_MODEL_CONTEXT, "EE1010",
              format("Model %u is not in the current context: it was loaded in another one.", model.id));
}

aclError unloadModel(uint32_t id, const Context &context) {
  const std::shared_ptr<Model> model = requireModel(id);
  if (model == nullptr) return acl::ACL_ERROR_GE_EXEC_MODEL_ID_INVALID;
  // A mistake that succeeds: onnxruntime's CANN provider makes it and would end the process on a code.
  noteContext(*model, context);
  const Model::Begin closed = model->close();
  if (closed == Model::Begin::Unloaded) return notLoaded(id);
  if (closed == Model::Begin::Busy) {
    ledger().problem("unload-while-executing", format("model %u was unloaded while it was executing", id));
    return fail(acl::ACL_ERROR_GE_UNLOAD_MODEL, "E19999",
                format("Model %u is executing and cannot be unloaded.", id));
  }
  Lock lock(registry().monitor);
  registry().models.erase(id);
  return 0;
}

void forgetModels(const Device &device) {
  // Their memory is freed without the lock.
  std::vector<std::shared_ptr<Model>> gone;
  Lock lock(registry().monitor);
  auto &models = registry().models;
  for (auto entry = models.begin(); entry != models.end();) {
    if (entry->second->device == &device) {
      gone.push_back(std::move(entry->second));
      entry = models.erase(entry);
    } else {
      ++entry;
    }
  }
}

std::vector<std::shared_ptr<Model>> loadedModels() {
  Lock lock(registry().monitor);
  std::vector<std::shared_ptr<Model>> models;
  for (const auto &entry : registry().models) models.push_back(entry.second);
  return models;
}

}  // namespace sim
