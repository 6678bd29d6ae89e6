#include <cmath>
#include <cstring>
#include <map>
#include <random>

#include "../acl_error_codes.h"
#include "executor.h"
#include "glibc_floor.h"
#include "settings.h"
#include "thread_state.h"
#include "waiting.h"

namespace sim {

namespace {

/**
 * Durations for one device and process. All models draw from one sequence, so that a seed describes a whole
 * run.
 */
class Durations {
 public:
  explicit Durations(const ExecutionTime &time) : time_(time), state_(time.seed) {}

  Nanoseconds next(int64_t batch) {
    double microseconds = 0;
    if (time_.lognormal) {
      Lock lock(monitor_);
      microseconds = time_.medianMicroseconds * exp(time_.sigma * normal());
    } else {
      auto entry = time_.microsecondsPerBatch.find(batch);
      if (entry == time_.microsecondsPerBatch.end()) entry = time_.microsecondsPerBatch.find(0);
      if (entry != time_.microsecondsPerBatch.end()) microseconds = entry->second;
    }
    return toNanoseconds(microseconds * 1e3);
  }

 private:
  /** SplitMix64: the same numbers with every compiler and library. */
  uint64_t bits() {
    uint64_t z = state_ += 0x9E3779B97F4A7C15U;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9U;
    z = (z ^ z >> 27) * 0x94D049BB133111EBU;
    return z ^ z >> 31;
  }
  double uniform() { return (static_cast<double>(bits() >> 11) + 0.5) * 0x1p-53; }
  /** Marsaglia's polar method. */
  double normal() {
    for (;;) {
      const double x = 2 * uniform() - 1;
      const double y = 2 * uniform() - 1;
      const double radius = x * x + y * y;
      if (radius > 0 && radius < 1) return x * sqrt(-2 * log(radius) / radius);
    }
  }

  const ExecutionTime time_;
  Monitor monitor_;
  uint64_t state_;
};

Durations &durations() {
  static auto *const instance = new Durations(settings().executionTime);
  return *instance;
}

class LatencyExecutor : public Executor {
 public:
  explicit LatencyExecutor(const ModelInfo &info) : inputs_(info.inputs), outputs_(info.outputs) {}

  aclError run(const std::vector<InputView> &inputs, std::vector<OutputView> *outputs, Device *device,
               const TaskTurn &turn) override {
    const int64_t batch = inputs.empty() || inputs[0].dims->empty() ? 1 : inputs[0].dims->front();
    const Nanoseconds end = device->timeline.reserve(turn.readyAt, durations().next(batch));
    if (turn.endedAt != nullptr) *turn.endedAt = end;
    if (end - monotonicNow() > timerSlack) turn.cancellation.waitUntil(end - timerSlack);
    if (!turn.cancellation.cancelled()) waitUntil(end);
    for (size_t i = 0; i < outputs->size(); ++i) {
      OutputView &output = (*outputs)[i];
      if (output.data != nullptr) {
        memset(output.data, 0, output.bytes);
        continue;
      }
      if (!guessDims(inputs, outputs_[i], &output.dims))
        return fail(
            acl::ACL_ERROR_GE_FAILURE, "E19999",
            "Latency mode cannot know the shape of output " + outputs_[i].name + " without computing it.");
      output.owned.assign(static_cast<size_t>(elementCount(output.dims)) * elementBytes(outputs_[i].type), 0);
    }
    return 0;
  }

 private:
  /** An open output size equals the open input size at the same place: the batch, in nearly every model. */
  bool guessDims(const std::vector<InputView> &inputs, const TensorInfo &output, Shape *dims) const {
    *dims = output.dims;
    for (size_t d = 0; d < dims->size(); ++d) {
      if ((*dims)[d] >= 0) continue;
      for (size_t i = 0; i < inputs.size() && (*dims)[d] < 0; ++i)
        if (d < inputs_[i].dims.size() && inputs_[i].dims[d] < 0) (*dims)[d] = (*inputs[i].dims)[d];
    }
    return elementCount(*dims) >= 0;
  }

  const std::vector<TensorInfo> inputs_;
  const std::vector<TensorInfo> outputs_;
};

}  // namespace

MadeExecutor makeLatencyExecutor(const ModelInfo &info) {
  return {std::make_unique<LatencyExecutor>(info), ""};
}

}  // namespace sim
