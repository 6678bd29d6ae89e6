// onnxruntime's CPU library through its C interface, loaded at run time: no header and no link dependency.
#ifndef SIMULATOR_ORT_LIBRARY_H_
#define SIMULATOR_ORT_LIBRARY_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "model_info.h"

namespace sim {

struct OrtInput {
  const char *name;
  const Shape *dims;
  aclDataType type;
  const uint8_t *data;
};

/**
 * With `data` the result is written there and must have exactly `dims`; without it both are filled in, and so
 * is a type of ACL_DT_UNDEFINED.
 */
struct OrtOutput {
  const char *name;
  aclDataType type;
  Shape dims;
  uint8_t *data = nullptr;
  std::vector<uint8_t> owned;
};

class OrtSession {
 public:
  virtual ~OrtSession() = default;
  /** Empty, or what onnxruntime says went wrong. */
  virtual std::string run(const std::vector<OrtInput> &inputs, std::vector<OrtOutput> *outputs) = 0;
};

struct OrtResult {
  std::unique_ptr<OrtSession> session;
  std::string problem;
};

/** Loads ACL_SIM_ORT_LIBRARY if that has not happened, and opens the model. */
OrtResult openOrtSession(const std::vector<uint8_t> &model);

}  // namespace sim

#endif  // SIMULATOR_ORT_LIBRARY_H_
