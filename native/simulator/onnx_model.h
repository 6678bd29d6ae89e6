// What atc needs to know of an ONNX model: its inputs and outputs, and the size of its weights.
#ifndef SIMULATOR_ONNX_MODEL_H_
#define SIMULATOR_ONNX_MODEL_H_

#include <cstdint>
#include <string>
#include <vector>

#include "onnx_graph.h"

namespace sim {

struct OnnxDim {
  /** −1 when the model leaves it open. */
  int64_t size = -1;
  /** The name of an open size; empty for a nameless one. */
  std::string symbol;
};

struct OnnxTensor {
  std::string name;
  /** ACL_DT_UNDEFINED until the model has run, for outputs that are not the model's own (--out_nodes). */
  aclDataType type = ACL_DT_UNDEFINED;
  std::vector<OnnxDim> dims;
  /** False when the model says nothing of its shape: `dims` is empty and means nothing. */
  bool hasShape = false;
  /** What the compiled graph calls it; another name than the model's where a Cast stands between. */
  std::string graphName;
  /** Outputs only: the node that makes it and which of its outputs it is. */
  std::string node;
  size_t nodeOutput = 0;
};

struct OnnxModel {
  std::string producer;
  std::vector<OnnxTensor> inputs;
  std::vector<OnnxTensor> outputs;
  /** What the model says of tensors in between. */
  std::vector<OnnxTensor> others;
  std::vector<OnnxNode> nodes;
  /** Of ONNX's own domain. */
  int64_t opset = 0;
  size_t domains = 0;
  uint64_t weightBytes = 0;
  bool hasExternalWeights = false;
};

/** Empty, or why these bytes are no ONNX model that can be compiled. */
std::string readOnnx(const std::vector<uint8_t> &bytes, OnnxModel *model);

}  // namespace sim

#endif  // SIMULATOR_ONNX_MODEL_H_
