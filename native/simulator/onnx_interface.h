// Changes of what a model takes and gives: other outputs, other element types at the edges.
#ifndef SIMULATOR_ONNX_INTERFACE_H_
#define SIMULATOR_ONNX_INTERFACE_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "onnx_model.h"

namespace sim {

struct InterfaceChange {
  /** Replace the model's own; empty leaves these. */
  std::vector<OnnxTensor> outputs;
  /** Per input and output; ACL_DT_UNDEFINED leaves the type. */
  std::vector<aclDataType> inputTypes;
  std::vector<aclDataType> outputTypes;
};

/**
 * Changes the graph, and in `model` its inputs and outputs. Casts at the edges stand inside the graph, so
 * that whatever runs it converts.
 */
void changeInterface(const InterfaceChange &change, std::vector<uint8_t> *onnx, OnnxModel *model);

}  // namespace sim

#endif  // SIMULATOR_ONNX_INTERFACE_H_
