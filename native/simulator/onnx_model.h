// What atc needs of an ONNX model: its inputs and outputs, the size of its weights, and rounding these to
// half precision.
#ifndef SIMULATOR_ONNX_MODEL_H_
#define SIMULATOR_ONNX_MODEL_H_

#include <cstdint>
#include <string>
#include <vector>

#include "../acl_abi.h"

namespace sim {

struct OnnxDim {
  /** −1 when the model leaves it open. */
  int64_t size = -1;
  /** The name of an open size; empty for a nameless one. */
  std::string symbol;
};

struct OnnxTensor {
  std::string name;
  aclDataType type = ACL_DT_UNDEFINED;
  std::vector<OnnxDim> dims;
  /** Outputs only: the node that makes it and which of its outputs it is. */
  std::string node;
  size_t nodeOutput = 0;
};

struct OnnxModel {
  std::string producer;
  std::vector<OnnxTensor> inputs;
  std::vector<OnnxTensor> outputs;
  int64_t opset = 0;
  uint64_t weightBytes = 0;
};

/** Empty, or why these bytes are no ONNX model that can be compiled. */
std::string readOnnx(const std::vector<uint8_t> &bytes, OnnxModel *model);

/** Rounds every float32 weight to the nearest float16 in place; returns how many changed. */
uint64_t roundWeightsToHalf(std::vector<uint8_t> *bytes);

}  // namespace sim

#endif  // SIMULATOR_ONNX_MODEL_H_
