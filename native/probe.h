#pragma once

#include <memory>
#include <vector>

#include "condition.h"
#include "napi_setup.h"

namespace ascend {

class Probing;

/** The probes of one JavaScript environment whose threads may still be there. */
class OpenProbes {
 public:
  void Add(const std::shared_ptr<Probing> &probing);
  /** Waits a moment for them; the environment is going away. Returns how many did not end. */
  size_t Leave();

 private:
  std::vector<std::weak_ptr<Probing>> entries_;
};

/**
 * `probe(library)`: loads and initialises AscendCL on a thread of its own; a promise of what was found or
 * what failed. It does not keep the event loop alive: a driver that hangs must not keep the process.
 */
Napi::Value Probe(const Napi::CallbackInfo &info);

/** `describeError(code)`: name and class of an AscendCL error code. */
Napi::Value DescribeError(const Napi::CallbackInfo &info);

}  // namespace ascend
