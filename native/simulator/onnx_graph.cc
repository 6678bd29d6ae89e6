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

bool visitSparse(Bytes sparse, const WeightVisitor &visit) {
  FieldReader reader(sparse);
  Field part;
  while (reader.next(&part)) {
    const bool tensor =
        part.is(onnx::sparseValues, WireType::Length) || part.is(onnx::sparseIndices, WireType::Length);
    TensorSummary summary;
    if (tensor && (!readTensor(part.bytes, &summary) || !visit({part.bytes, summary.name, false})))
      return false;
  }
  return !reader.failed();
}

bool visitAttribute(Bytes bytes, const std::string &output, int depth, const WeightVisitor &visit) {
  FieldReader reader(bytes);
  Field content;
  while (reader.next(&content)) {
    if (content.type != WireType::Length) continue;
    switch (content.number) {
      case onnx::attributeTensor:
      case onnx::attributeTensors:
        if (!visit({content.bytes, output, false})) return false;
        break;
      case onnx::attributeSparseTensor:
      case onnx::attributeSparseTensors:
        if (!visitSparse(content.bytes, visit)) return false;
        break;
      case onnx::attributeGraph:
      case onnx::attributeGraphs:
        if (!visitGraph(content.bytes, depth + 1, visit)) return false;
        break;
      default:
        break;
    }
  }
  return !reader.failed();
}

bool visitNode(Bytes node, int depth, const WeightVisitor &visit) {
  std::string output;
  FieldReader names(node);
  Field part;
  while (names.next(&part))
    if (part.is(onnx::nodeOutput, WireType::Length) && output.empty()) output = part.bytes.text();
  FieldReader reader(node);
  while (reader.next(&part))
    if (part.is(onnx::nodeAttribute, WireType::Length) && !visitAttribute(part.bytes, output, depth, visit))
      return false;
  return !reader.failed();
}

bool visitGraph(Bytes graph, int depth, const WeightVisitor &visit) {
  if (depth > deepestGraph) return false;
  FieldReader reader(graph);
  Field field;
  while (reader.next(&field)) {
    if (field.type != WireType::Length) continue;
    if (field.number == onnx::graphInitializer) {
      TensorSummary tensor;
      if (!readTensor(field.bytes, &tensor) || !visit({field.bytes, tensor.name, depth == 0})) return false;
    }
    if (field.number == onnx::graphSparseInitializer && !visitSparse(field.bytes, visit)) return false;
    if (field.number == onnx::graphNode && !visitNode(field.bytes, depth, visit)) return false;
  }
  return !reader.failed();
}

bool visitFunction(Bytes function, const WeightVisitor &visit) {
  FieldReader reader(function);
  Field field;
  while (reader.next(&field)) {
    if (field.is(onnx::functionNode, WireType::Length) && !visitNode(field.bytes, 1, visit)) return false;
    if (field.is(onnx::functionAttribute, WireType::Length) && !visitAttribute(field.bytes, "", 1, visit))
      return false;
  }
  return !reader.failed();
}

bool visitTraining(Bytes training, const WeightVisitor &visit) {
  FieldReader reader(training);
  Field field;
  while (reader.next(&field)) {
    const bool graph = field.is(onnx::trainingInitialization, WireType::Length) ||
                       field.is(onnx::trainingAlgorithm, WireType::Length);
    if (graph && !visitGraph(field.bytes, 1, visit)) return false;
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
    if (!field.is(onnx::graphNode, WireType::Length)) continue;
    OnnxNode node;
    FieldReader parts(field.bytes);
    Field part;
    while (parts.next(&part)) {
      if (part.is(onnx::nodeName, WireType::Length)) node.name = part.bytes.text();
      if (part.is(onnx::nodeType, WireType::Length)) node.type = part.bytes.text();
      if (part.is(onnx::nodeInput, WireType::Length)) node.inputs.push_back(part.bytes.text());
      if (part.is(onnx::nodeOutput, WireType::Length)) node.outputs.push_back(part.bytes.text());
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
    if (field.is(onnx::tensorName, WireType::Length)) tensor->name = field.bytes.text();
    if (field.is(onnx::tensorDataType, WireType::Varint)) tensor->type = field.value;
    // Readers keep the last place they know of and drop the others: any but 0 may be the one.
    if (field.is(onnx::tensorDataLocation, WireType::Varint) && field.value != 0) tensor->external = true;
    const bool floats = field.number == onnx::tensorFloatData &&
                        (field.type == WireType::Length || field.type == WireType::Fixed32);
    if (floats || field.is(onnx::tensorRawData, WireType::Length)) tensor->floats.push_back(field);
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

bool visitModelWeights(Bytes model, const WeightVisitor &visit) {
  const Bytes graph = graphOf(model);
  if (graph.data == nullptr || !visitWeights(graph, visit)) return false;
  FieldReader reader(model);
  Field field;
  while (reader.next(&field)) {
    if (field.is(onnx::modelFunction, WireType::Length) && !visitFunction(field.bytes, visit)) return false;
    if (field.is(onnx::modelTraining, WireType::Length) && !visitTraining(field.bytes, visit)) return false;
  }
  return !reader.failed();
}

bool keepsItsWeights(Bytes model) {
  return visitModelWeights(model, [](const OnnxWeight &weight) {
    TensorSummary tensor;
    return readTensor(weight.tensor, &tensor) && !tensor.external;
  });
}

Bytes graphOf(Bytes model) {
  FieldReader reader(model);
  Field field;
  Bytes graph;
  while (reader.next(&field)) {
    if (!field.is(onnx::modelGraph, WireType::Length)) continue;
    if (graph.data != nullptr) return {};
    graph = field.bytes;
  }
  return reader.failed() ? Bytes{} : graph;
}

std::vector<uint8_t> replaceGraph(const std::vector<uint8_t> &model, Bytes rebuilt) {
  MessageWriter writer;
  FieldReader reader({model.data(), model.size()});
  Field field;
  while (reader.next(&field))
    if (!field.is(onnx::modelGraph, WireType::Length)) writer.copy(reader.raw());
  writer.bytes(onnx::modelGraph, rebuilt);
  return writer.take();
}

}  // namespace sim
