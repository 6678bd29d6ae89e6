// One execution of a model: the checks ACL does when it is asked for, and what the device does later.
#ifndef SIMULATOR_EXECUTION_H_
#define SIMULATOR_EXECUTION_H_

#include <memory>
#include <vector>

#include "model.h"
#include "objects.h"

namespace sim {

/**
 * Holds all it needs by value: a caller may destroy datasets and buffers right after an asynchronous call.
 * Only the device memory has to stay.
 */
class Execution {
 public:
  Execution() = default;
  ~Execution();
  Execution(const Execution &) = delete;
  Execution &operator=(const Execution &) = delete;

  /** Does the checks; on success the model is marked as running on `stream` (null: the calling thread). */
  aclError prepare(uint32_t modelId, const aclmdlDataset *input, aclmdlDataset *output,
                   const Context &context, const void *stream);
  /** On the device. Ends the model's run. */
  aclError run(const TaskTurn &turn);
  /** Whether output shapes are known only after the run, so that the caller has to wait. */
  bool shapesComeLater() const;
  /** Puts shapes found by run() and memory allocated by it into the caller's dataset. Only after a run that
   * succeeded and that the caller has waited for. */
  void publish(aclmdlDataset *output);
  /** The model's own stream. */
  uint32_t streamId() const;
  /** For an execution that was prepared and never ran. */
  void drop();
  /** Whether publish() has something to tell; to be asked after the run's end. */
  bool hasLaterShapes() const;

 private:
  struct Argument {
    void *address;
    size_t bytes;
    Shape dims;
    /** Allocated by this execution, and not yet the caller's. */
    bool isOwn;
  };
  aclError collect(const aclmdlDataset *dataset, const std::vector<TensorInfo> &tensors,
                   const std::vector<Shape> *shapes, std::vector<Argument> *arguments);
  aclError takeInputShapes(const aclmdlDataset *input);
  aclError compute(const TaskTurn &turn);
  void tellFailure(aclError code, const TaskTurn &turn) const;
  aclError store(size_t index, OutputView *output);
  /** The caller hears nothing of them after a failure, nor when it has waited no longer. */
  void freeOwnOutputs();

  std::shared_ptr<Model> model_;
  std::vector<Argument> inputs_;
  std::vector<Argument> outputs_;
  bool succeeded_ = false;
};

}  // namespace sim

#endif  // SIMULATOR_EXECUTION_H_
