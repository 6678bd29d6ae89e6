#include "onnx_model.h"

#include <cmath>
#include <cstring>
#include <functional>
#include <set>

#include "float16.h"
#include "model_info.h"
#include "protobuf.h"
#include "text.h"

namespace sim {

namespace {

// Field numbers of onnx.proto.
constexpr uint32_t modelProducer = 2, modelGraph = 7, modelOpset = 8;
constexpr uint32_t opsetDomain = 1, opsetVersion = 2;
constexpr uint32_t graphNode = 1, graphInitializer = 5, graphInput = 11, graphOutput = 12;
constexpr uint32_t nodeOutput = 2, nodeName = 3, nodeType = 4, nodeAttribute = 5;
constexpr uint32_t attributeTensor = 5, attributeGraph = 6, attributeTensors = 10, attributeGraphs = 11;
constexpr uint32_t valueName = 1, valueType = 2;
constexpr uint32_t typeTensor = 1, tensorTypeElement = 1, tensorTypeShape = 2;
constexpr uint32_t shapeDim = 1, dimValue = 1, dimParam = 2;
constexpr uint32_t tensorDims = 1, tensorDataType = 2, tensorFloatData = 4, tensorName = 8, tensorRawData = 9,
                   tensorDataLocation = 14;
constexpr uint64_t onnxFloat = 1;
constexpr uint64_t externalData = 1;
constexpr float largestHalf = 65504;

constexpr size_t mostDims = ACL_MAX_DIM_CNT;
/** Graphs may lie inside attributes inside graphs. */
constexpr int deepestGraph = 8;

aclDataType dataType(uint64_t onnxType) {
  switch (onnxType) {
    case 1:
      return ACL_FLOAT;
    case 2:
      return ACL_UINT8;
    case 3:
      return ACL_INT8;
    case 4:
      return ACL_UINT16;
    case 5:
      return ACL_INT16;
    case 6:
      return ACL_INT32;
    case 7:
      return ACL_INT64;
    case 9:
      return ACL_BOOL;
    case 10:
      return ACL_FLOAT16;
    case 11:
      return ACL_DOUBLE;
    case 12:
      return ACL_UINT32;
    case 13:
      return ACL_UINT64;
    case 16:
      return ACL_BF16;
    default:
      return ACL_DT_UNDEFINED;
  }
}

bool readShape(Bytes bytes, std::vector<OnnxDim> *dims) {
  FieldReader shape(bytes);
  Field field;
  while (shape.next(&field)) {
    if (field.number != shapeDim) continue;
    OnnxDim dim;
    FieldReader reader(field.bytes);
    Field part;
    while (reader.next(&part)) {
      if (part.number == dimValue) dim.size = static_cast<int64_t>(part.value);
      if (part.number == dimParam) dim.symbol = part.bytes.text();
    }
    if (reader.failed() || dims->size() == mostDims) return false;
    if (dim.size < 0) dim.size = -1;
    dims->push_back(dim);
  }
  return !shape.failed();
}

bool readValueInfo(Bytes bytes, OnnxTensor *tensor) {
  FieldReader value(bytes);
  Field field;
  while (value.next(&field)) {
    if (field.number == valueName) tensor->name = field.bytes.text();
    if (field.number != valueType) continue;
    FieldReader type(field.bytes);
    Field kind;
    while (type.next(&kind)) {
      if (kind.number != typeTensor) continue;
      FieldReader described(kind.bytes);
      Field part;
      while (described.next(&part)) {
        if (part.number == tensorTypeElement) tensor->type = dataType(part.value);
        if (part.number == tensorTypeShape && !readShape(part.bytes, &tensor->dims)) return false;
      }
      if (described.failed()) return false;
    }
    if (type.failed()) return false;
  }
  return !value.failed();
}

/** Calls `visit` for every TensorProto that holds weights or constants, in this graph and those inside its
 * nodes. */
bool visitTensors(Bytes graph, int depth, const std::function<bool(Bytes)> &visit) {
  if (depth > deepestGraph) return false;
  FieldReader reader(graph);
  Field field;
  while (reader.next(&field)) {
    if (field.number == graphInitializer && !visit(field.bytes)) return false;
    if (field.number != graphNode) continue;
    FieldReader node(field.bytes);
    Field part;
    while (node.next(&part)) {
      if (part.number != nodeAttribute) continue;
      FieldReader attribute(part.bytes);
      Field content;
      while (attribute.next(&content)) {
        const bool tensor = content.number == attributeTensor || content.number == attributeTensors;
        const bool inner = content.number == attributeGraph || content.number == attributeGraphs;
        if (content.type != WireType::Length) continue;
        if (tensor && !visit(content.bytes)) return false;
        if (inner && !visitTensors(content.bytes, depth + 1, visit)) return false;
      }
      if (attribute.failed()) return false;
    }
    if (node.failed()) return false;
  }
  return !reader.failed();
}

struct TensorSummary {
  std::string name;
  uint64_t type = 0;
  int64_t elements = 1;
  bool external = false;
  std::vector<Field> floats;
};

bool readTensor(Bytes bytes, TensorSummary *tensor) {
  Shape dims;
  FieldReader reader(bytes);
  Field field;
  while (reader.next(&field)) {
    if (field.number == tensorName) tensor->name = field.bytes.text();
    if (field.number == tensorDataType) tensor->type = field.value;
    if (field.number == tensorDataLocation) tensor->external = field.value == externalData;
    if (field.number == tensorFloatData || field.number == tensorRawData) tensor->floats.push_back(field);
    if (field.number == tensorDims && field.type == WireType::Varint)
      dims.push_back(static_cast<int64_t>(field.value));
    if (field.number == tensorDims && field.type == WireType::Length) {
      FieldReader packed(field.bytes);
      uint64_t dim = 0;
      while (!packed.atEnd() && packed.readVarint(&dim)) dims.push_back(static_cast<int64_t>(dim));
      if (packed.failed()) return false;
    }
  }
  tensor->elements = elementCount(dims);
  return !reader.failed() && tensor->elements >= 0;
}

std::string readGraph(Bytes graph, OnnxModel *model) {
  std::set<std::string> constants;
  std::string problem;
  const bool readable = visitTensors(graph, 0, [&](Bytes bytes) {
    TensorSummary tensor;
    if (!readTensor(bytes, &tensor)) return false;
    if (tensor.external) problem = "the weights are in files of their own, which the simulator does not read";
    constants.insert(tensor.name);
    model->weightBytes += static_cast<uint64_t>(tensor.elements) * elementBytes(dataType(tensor.type));
    return true;
  });
  if (!readable) return "the graph is damaged";
  if (!problem.empty()) return problem;
  FieldReader reader(graph);
  Field field;
  size_t nodeIndex = 0;
  while (reader.next(&field)) {
    if (field.number == graphInput) {
      OnnxTensor tensor;
      if (!readValueInfo(field.bytes, &tensor)) return "an input's description is damaged";
      // Up to IR version 3, weights are listed as inputs too.
      if (constants.count(tensor.name) == 0) model->inputs.push_back(tensor);
    }
    if (field.number == graphOutput) {
      OnnxTensor tensor;
      if (!readValueInfo(field.bytes, &tensor)) return "an output's description is damaged";
      model->outputs.push_back(tensor);
    }
  }
  // Outputs may come before the nodes.
  FieldReader again(graph);
  while (again.next(&field)) {
    if (field.number != graphNode) continue;
    std::string name;
    std::string type;
    std::vector<std::string> made;
    FieldReader node(field.bytes);
    Field part;
    while (node.next(&part)) {
      if (part.number == nodeName) name = part.bytes.text();
      if (part.number == nodeType) type = part.bytes.text();
      if (part.number == nodeOutput) made.push_back(part.bytes.text());
    }
    if (name.empty()) name = format("%s_%zu", type.c_str(), nodeIndex);
    ++nodeIndex;
    for (OnnxTensor &output : model->outputs)
      for (size_t i = 0; i < made.size(); ++i)
        if (made[i] == output.name) {
          output.node = name;
          output.nodeOutput = i;
        }
  }
  return "";
}

}  // namespace

std::string readOnnx(const std::vector<uint8_t> &bytes, OnnxModel *model) {
  FieldReader reader({bytes.data(), bytes.size()});
  Field field;
  Bytes graph;
  while (reader.next(&field)) {
    if (field.number == modelProducer && field.type == WireType::Length) model->producer = field.bytes.text();
    if (field.number == modelGraph && field.type == WireType::Length) graph = field.bytes;
    if (field.number != modelOpset || field.type != WireType::Length) continue;
    std::string domain;
    int64_t version = 0;
    FieldReader opset(field.bytes);
    Field part;
    while (opset.next(&part)) {
      if (part.number == opsetDomain) domain = part.bytes.text();
      if (part.number == opsetVersion) version = static_cast<int64_t>(part.value);
    }
    if (domain.empty() || domain == "ai.onnx") model->opset = version;
  }
  if (reader.failed() || graph.data == nullptr) return "the file is not an ONNX model";
  const std::string problem = readGraph(graph, model);
  if (!problem.empty()) return problem;
  if (model->outputs.empty()) return "the graph has no outputs";
  for (const auto *tensors : {&model->inputs, &model->outputs})
    for (const OnnxTensor &tensor : *tensors)
      if (tensor.name.empty() || tensor.type == ACL_DT_UNDEFINED)
        return "tensor \"" + tensor.name + "\" has no name or an element type that ACL does not have";
  return "";
}

uint64_t roundWeightsToHalf(std::vector<uint8_t> *bytes) {
  uint64_t changed = 0;
  // A weight keeps its size, so that it is changed where it stands and no length around it moves.
  const auto roundRun = [&](Bytes run) {
    uint8_t *at = bytes->data() + (run.data - bytes->data());
    for (size_t i = 0; i + sizeof(float) <= run.size; i += sizeof(float)) {
      float before = 0;
      memcpy(&before, at + i, sizeof before);
      float after = halfToFloat(floatToHalf(before));
      // --is_weight_clip=1, atc's default: what is too large becomes the largest number.
      if (std::isinf(after) && !std::isinf(before)) after = std::copysign(largestHalf, before);
      if (memcmp(&before, &after, sizeof after) != 0) ++changed;
      memcpy(at + i, &after, sizeof after);
    }
  };
  FieldReader reader({bytes->data(), bytes->size()});
  Field field;
  while (reader.next(&field)) {
    if (field.number != modelGraph || field.type != WireType::Length) continue;
    visitTensors(field.bytes, 0, [&](Bytes tensorBytes) {
      TensorSummary tensor;
      if (!readTensor(tensorBytes, &tensor)) return false;
      if (tensor.type != onnxFloat) return true;
      for (const Field &floats : tensor.floats) roundRun(floats.bytes);
      return true;
    });
  }
  return changed;
}

}  // namespace sim
