// A loaded model: its description, its executor, the device memory it holds, and who is running it.
#ifndef SIMULATOR_MODEL_H_
#define SIMULATOR_MODEL_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "context.h"
#include "executor.h"
#include "model_info.h"
#include "om_file.h"

namespace sim {

/** Memory a caller gives for a load; null pointers let the model allocate. */
struct GivenMemory {
  void *work = nullptr;
  size_t workBytes = 0;
  void *weight = nullptr;
  size_t weightBytes = 0;
};

struct ModelMemory {
  uint64_t workBytes;
  uint64_t weightBytes;
};
ModelMemory neededMemory(const ModelInfo &info);

class Model {
 public:
  Model(uint32_t id, std::shared_ptr<const ModelInfo> info, const Context &context);
  ~Model();

  const uint32_t id;
  const std::shared_ptr<const ModelInfo> info;
  const aclrtContext context;
  /** Where synchronous executions run. */
  const int32_t streamId;
  Device *const device;
  std::unique_ptr<Executor> executor;

  /** Allocates what `given` leaves open. */
  aclError takeMemory(const GivenMemory &given);

  /**
   * One run at a time: runs queue only on one stream. Busy when another stream (null: the calling thread)
   * has one.
   */
  enum class Begin { Yes, Busy, Unloaded };
  Begin begin(const void *stream);
  void end();
  /** No run begins any more. Busy where one is under way, Unloaded where that was said before. */
  Begin close();

  void setCurrentGear(int64_t gear);
  /** −1 before the first choice. */
  int64_t currentGear();

 private:
  Monitor monitor_;
  std::vector<void *> memory_;
  int64_t currentGear_ = -1;
  int runs_ = 0;
  bool unloaded_ = false;
  const void *runningStream_ = nullptr;
};

/** Loads `file` under `context`. */
aclError loadModel(OmFile file, const Context &context, const GivenMemory &given, uint32_t *id);
/** The model of an id in use; null leaves 145003's message. */
std::shared_ptr<Model> requireModel(uint32_t id);
/** 107004 when the calling thread's context is not the one the model was loaded under. */
aclError requireModelContext(const Model &model, const Context &context);
/** 145003 with its message. */
aclError notLoaded(uint32_t id);
aclError unloadModel(uint32_t id, const Context &context);
std::vector<std::shared_ptr<Model>> loadedModels();
/** Those on `device` are loaded no longer; what runs ends by itself. */
void forgetModels(const Device &device);

}  // namespace sim

#endif  // SIMULATOR_MODEL_H_
