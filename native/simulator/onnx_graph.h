// Walking through an ONNX graph: its nodes, its weights, and the numbers of onnx.proto's fields.
#ifndef SIMULATOR_ONNX_GRAPH_H_
#define SIMULATOR_ONNX_GRAPH_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "../acl_abi.h"
#include "protobuf.h"

namespace sim {

namespace onnx {

constexpr uint32_t modelProducer = 2, modelGraph = 7, modelOpset = 8, modelTraining = 20, modelFunction = 25;
constexpr uint32_t trainingInitialization = 1, trainingAlgorithm = 2;
constexpr uint32_t functionNode = 7, functionAttribute = 11;
constexpr uint32_t opsetDomain = 1, opsetVersion = 2;
constexpr uint32_t graphNode = 1, graphInitializer = 5, graphInput = 11, graphOutput = 12,
                   graphValueInfo = 13, graphSparseInitializer = 15;
constexpr uint32_t sparseValues = 1, sparseIndices = 2;
constexpr uint32_t nodeInput = 1, nodeOutput = 2, nodeName = 3, nodeType = 4, nodeAttribute = 5;
constexpr uint32_t attributeName = 1, attributeInteger = 3, attributeTensor = 5, attributeGraph = 6,
                   attributeTensors = 10, attributeGraphs = 11, attributeType = 20,
                   attributeSparseTensor = 22, attributeSparseTensors = 23;
constexpr uint32_t valueName = 1, valueType = 2;
constexpr uint32_t typeTensor = 1, tensorTypeElement = 1, tensorTypeShape = 2;
constexpr uint32_t shapeDim = 1, dimValue = 1, dimParam = 2;
constexpr uint32_t tensorDims = 1, tensorDataType = 2, tensorFloatData = 4, tensorName = 8, tensorRawData = 9,
                   tensorExternalData = 13, tensorDataLocation = 14;
constexpr uint32_t entryKey = 1, entryValue = 2;
constexpr uint64_t floatType = 1;
constexpr uint64_t integerAttribute = 2;

}  // namespace onnx

/** ACL_DT_UNDEFINED for what ACL does not have. */
aclDataType fromOnnxType(uint64_t onnxType);
/** 0 for what ONNX does not have. */
uint64_t toOnnxType(aclDataType type);

struct OnnxNode {
  /** Nameless nodes are called by type and position. */
  std::string name;
  std::string type;
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;
};

/** The nodes of this graph, without those of graphs inside them. False when it is damaged. */
bool readNodes(Bytes graph, std::vector<OnnxNode> *nodes);

/** A TensorProto with weights, and where it stands. */
struct OnnxWeight {
  Bytes tensor;
  /** What nodes call it: an initializer's name, or the output of the Constant that holds it. */
  std::string name;
  /** An initializer of the outermost graph. */
  bool isPlain = false;
};

/** Calls `visit` for all weights and constants, in this graph and those inside its nodes. False when the
 * graph is damaged or `visit` says so. */
bool visitWeights(Bytes graph, const std::function<bool(const OnnxWeight &)> &visit);

struct TensorSummary {
  std::string name;
  uint64_t type = 0;
  int64_t elements = 1;
  bool external = false;
  std::vector<Field> floats;
};

bool readTensor(Bytes bytes, TensorSummary *tensor);

/** The same for all of a model: its graph, its functions, and what it says of training. */
bool visitModelWeights(Bytes model, const std::function<bool(const OnnxWeight &)> &visit);

/** False for weights in other files, and when the model is damaged or has no graph. */
bool keepsItsWeights(Bytes model);

/** The graph of a model; null data when there is none, the model is damaged, or there are two, which readers
 * merge. */
Bytes graphOf(Bytes model);

/** `model` with `rebuilt` in place of its graph. */
std::vector<uint8_t> replaceGraph(const std::vector<uint8_t> &model, Bytes rebuilt);

}  // namespace sim

#endif  // SIMULATOR_ONNX_GRAPH_H_
