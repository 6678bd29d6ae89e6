// What computes (or pretends to compute) a loaded model.
#ifndef SIMULATOR_EXECUTOR_H_
#define SIMULATOR_EXECUTOR_H_

#include <memory>
#include <string>
#include <vector>

#include "device.h"
#include "model_info.h"
#include "stream.h"

namespace sim {

struct InputView {
  const Shape *dims;
  const uint8_t *data;
};

/** An output to fill: `data` of `bytes`, or, for sizes nobody knows before, `dims` and `owned`. */
struct OutputView {
  Shape dims;
  uint8_t *data = nullptr;
  size_t bytes = 0;
  std::vector<uint8_t> owned;
};

class Executor {
 public:
  virtual ~Executor() = default;
  /** Outputs without `data` have their dims and bytes filled in. */
  virtual aclError run(const std::vector<InputView> &inputs, std::vector<OutputView> *outputs, Device *device,
                       const TaskTurn &turn) = 0;
};

struct MadeExecutor {
  std::unique_ptr<Executor> executor;
  /** Why there is none. */
  std::string problem;
};

/** Runs the graph with onnxruntime's CPU library. */
MadeExecutor makeOrtExecutor(const ModelInfo &info, const std::vector<uint8_t> &graph);
/** Takes time on the device's timeline (ACL_SIM_EXEC_US); outputs are zeros. */
MadeExecutor makeLatencyExecutor(const ModelInfo &info);

}  // namespace sim

#endif  // SIMULATOR_EXECUTOR_H_
