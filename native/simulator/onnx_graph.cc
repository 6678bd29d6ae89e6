#include "onnx_graph.h"

#include "model_info.h"
#include "text.h"

namespace sim {

namespace {

/** Graphs may lie inside attributes inside graphs. */
constexpr int deepestGraph = 8;

struct TypePair {
  uint64_t onnx;
  aclDataType acl;
};
constexpr TypePair typePairs[] = {{1, ACL_FLOAT},    {2, ACL_UINT8},   {3, ACL_INT8},    {4, ACL_UINT16},
                                  {5, ACL_INT16},    {6, ACL_INT32},   {7, ACL_INT64},   {9, ACL_BOOL},
                                  {10, ACL_FLOAT16}, {11, ACL_DOUBLE}, {12, ACL_UINT32}, {13, ACL_UINT64},
                                  {16, ACL_BF16}};

using WeightVisitor = std::function<bool(const OnnxWeight &)>;

bool visitGraph(Bytes graph, int depth, const WeightVisitor &visit);

bool visitNode(Bytes node, int depth, const WeightVisitor &visit) {
  std::string output;
  FieldReader names(node);
  Field part;
  while (names.next(&part))
    if (part.number == onnx::nodeOutput && output.empty()) output = part.bytes.text();
  FieldReader reader(node);
  while (reader.next(&part)) {
    if (part.number != onnx::nodeAttribute) continue;
    FieldReader attribute(part.bytes);
    Field content;
    while (attribute.next(&content)) {
      if (content.type != WireType::Length) continue;
      const bool tensor = content.number == onnx::attributeTensor || content.number == onnx::attributeTensors;
      const bool inner = content.number == onnx::attributeGraph || content.number == onnx::attributeGraphs;
      if (tensor && !visit({content.bytes, output, false})) return false;
      if (inner && !visitGraph(content.bytes, depth + 1, visit)) return false;
    }
    if (attribute.failed()) return false;
  }
  return !reader.failed();
}

bool visitGraph(Bytes graph, int depth, const WeightVisitor &visit) {
  if (depth > deepestGraph) return false;
  FieldReader reader(graph);
  Field field;
  while (reader.next(&field)) {
    if (field.number == onnx::graphInitializer) {
      TensorSummary tensor;
      if (!readTensor(field.bytes, &tensor) || !visit({field.bytes, tensor.name, depth == 0})) return false;
    }
    if (field.number == onnx::graphNode && !visitNode(field.bytes, depth, visit)) return false;
  }
  return !reader.failed();
}

}  // namespace

aclDataType fromOnnxType(uint64_t onnxType) {
  for (const TypePair &pair : typePairs)
    if (pair.onnx == onnxType) return pair.acl;
  return ACL_DT_UNDEFINED;
}

uint64_t toOnnxType(aclDataType type) {
  for (const TypePair &pair : typePairs)
    if (pair.acl == type) return pair.onnx;
  return 0;
}

bool readNodes(Bytes graph, std::vector<OnnxNode> *nodes) {
  FieldReader reader(graph);
  Field field;
  while (reader.next(&field)) {
    if (field.number != onnx::graphNode) continue;
    OnnxNode node;
    FieldReader parts(field.bytes);
    Field part;
    while (parts.next(&part)) {
      if (part.number == onnx::nodeName) node.name = part.bytes.text();
      if (part.number == onnx::nodeType) node.type = part.bytes.text();
      if (part.number == onnx::nodeInput) node.inputs.push_back(part.bytes.text());
      if (part.number == onnx::nodeOutput) node.outputs.push_back(part.bytes.text());
    }
    if (parts.failed()) return false;
    if (node.name.empty()) node.name = format("%s_%zu", node.type.c_str(), nodes->size());
    nodes->push_back(std::move(node));
  }
  return !reader.failed();
}

bool visitWeights(Bytes graph, const WeightVisitor &visit) {
  return visitGraph(graph, 0, visit);
}

bool readTensor(Bytes bytes, TensorSummary *tensor) {
  Shape dims;
  FieldReader reader(bytes);
  Field field;
  while (reader.next(&field)) {
    if (field.number == onnx::tensorName) tensor->name = field.bytes.text();
    if (field.number == onnx::tensorDataType) tensor->type = field.value;
    if (field.number == onnx::tensorDataLocation) tensor->external = field.value == onnx::externalLocation;
    if (field.number == onnx::tensorFloatData || field.number == onnx::tensorRawData)
      tensor->floats.push_back(field);
    if (field.number == onnx::tensorDims && field.type == WireType::Varint)
      dims.push_back(static_cast<int64_t>(field.value));
    if (field.number == onnx::tensorDims && field.type == WireType::Length) {
      FieldReader packed(field.bytes);
      uint64_t dim = 0;
      while (!packed.atEnd() && packed.readVarint(&dim)) dims.push_back(static_cast<int64_t>(dim));
      if (packed.failed()) return false;
    }
  }
  tensor->elements = elementCount(dims);
  return !reader.failed() && tensor->elements >= 0;
}

Bytes graphOf(const std::vector<uint8_t> &model) {
  FieldReader reader({model.data(), model.size()});
  Field field;
  Bytes graph;
  while (reader.next(&field))
    if (field.number == onnx::modelGraph && field.type == WireType::Length) graph = field.bytes;
  return reader.failed() ? Bytes{} : graph;
}

std::vector<uint8_t> replaceGraph(const std::vector<uint8_t> &model, Bytes rebuilt) {
  MessageWriter writer;
  FieldReader reader({model.data(), model.size()});
  Field field;
  while (reader.next(&field))
    if (field.number != onnx::modelGraph) writer.copy(reader.raw());
  writer.bytes(onnx::modelGraph, rebuilt);
  return writer.take();
}

}  // namespace sim
