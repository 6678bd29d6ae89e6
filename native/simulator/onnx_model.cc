#include "onnx_model.h"

#include <map>
#include <set>

#include "model_info.h"
#include "text.h"

namespace sim {

namespace {

constexpr size_t mostDims = ACL_MAX_DIM_CNT;
/** More than any machine has. */
constexpr uint64_t mostWeightBytes = uint64_t{1} << 40;

bool readShape(Bytes bytes, std::vector<OnnxDim> *dims) {
  FieldReader shape(bytes);
  Field field;
  while (shape.next(&field)) {
    if (!field.is(onnx::shapeDim, WireType::Length)) continue;
    OnnxDim dim;
    FieldReader reader(field.bytes);
    Field part;
    while (reader.next(&part)) {
      if (part.is(onnx::dimValue, WireType::Varint)) dim.size = static_cast<int64_t>(part.value);
      if (part.is(onnx::dimParam, WireType::Length)) dim.symbol = part.bytes.text();
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
    if (field.is(onnx::valueName, WireType::Length)) tensor->name = field.bytes.text();
    if (!field.is(onnx::valueType, WireType::Length)) continue;
    FieldReader type(field.bytes);
    Field kind;
    while (type.next(&kind)) {
      if (!kind.is(onnx::typeTensor, WireType::Length)) continue;
      FieldReader described(kind.bytes);
      Field part;
      while (described.next(&part)) {
        if (part.is(onnx::tensorTypeElement, WireType::Varint)) tensor->type = fromOnnxType(part.value);
        if (!part.is(onnx::tensorTypeShape, WireType::Length)) continue;
        tensor->hasShape = true;
        if (!readShape(part.bytes, &tensor->dims)) return false;
      }
      if (described.failed()) return false;
    }
    if (type.failed()) return false;
  }
  tensor->graphName = tensor->name;
  return !value.failed();
}

/** True when some node needs, over others, what it makes itself. */
bool isCyclic(const std::vector<OnnxNode> &nodes) {
  std::map<std::string, size_t> maker;
  for (size_t i = 0; i < nodes.size(); ++i)
    for (const std::string &output : nodes[i].outputs)
      if (!output.empty()) maker[output] = i;
  std::vector<std::vector<size_t>> users(nodes.size());
  std::vector<size_t> waitsFor(nodes.size(), 0);
  for (size_t i = 0; i < nodes.size(); ++i)
    for (const std::string &input : nodes[i].inputs) {
      const auto made = maker.find(input);
      if (made == maker.end()) continue;
      users[made->second].push_back(i);
      ++waitsFor[i];
    }
  std::vector<size_t> ready;
  for (size_t i = 0; i < nodes.size(); ++i)
    if (waitsFor[i] == 0) ready.push_back(i);
  size_t done = 0;
  for (; !ready.empty(); ++done) {
    const size_t node = ready.back();
    ready.pop_back();
    for (const size_t user : users[node])
      if (--waitsFor[user] == 0) ready.push_back(user);
  }
  return done < nodes.size();
}

std::string readGraph(Bytes whole, OnnxModel *model) {
  const Bytes graph = graphOf(whole);
  std::set<std::string> constants;
  std::string problem;
  const bool readable = visitModelWeights(whole, [&](const OnnxWeight &weight) {
    TensorSummary tensor;
    if (!readTensor(weight.tensor, &tensor)) return false;
    if (tensor.external && !weight.isPlain) problem = "a weight inside a node lies in a file of its own";
    model->hasExternalWeights = model->hasExternalWeights || tensor.external;
    if (weight.isPlain) constants.insert(tensor.name);
    const auto elements = static_cast<uint64_t>(tensor.elements);
    if (elements > mostWeightBytes) return false;
    model->weightBytes += elements * elementBytes(fromOnnxType(tensor.type));
    return model->weightBytes <= mostWeightBytes;
  });
  if (!readable || !readNodes(graph, &model->nodes)) return "the graph is damaged";
  if (!problem.empty()) return problem;
  FieldReader reader(graph);
  Field field;
  while (reader.next(&field)) {
    OnnxTensor tensor;
    const bool input = field.is(onnx::graphInput, WireType::Length);
    const bool output = field.is(onnx::graphOutput, WireType::Length);
    if (!input && !output && !field.is(onnx::graphValueInfo, WireType::Length)) continue;
    if (!readValueInfo(field.bytes, &tensor)) return "the description of a tensor is damaged";
    // Up to IR version 3, weights are listed as inputs too.
    if (input && constants.count(tensor.name) == 0) model->inputs.push_back(tensor);
    if (output) model->outputs.push_back(tensor);
    if (!input && !output) model->others.push_back(tensor);
  }
  std::map<std::string, std::pair<const OnnxNode *, size_t>> makers;
  for (const OnnxNode &node : model->nodes)
    for (size_t i = 0; i < node.outputs.size(); ++i) makers[node.outputs[i]] = {&node, i};
  for (OnnxTensor &output : model->outputs) {
    const auto made = makers.find(output.name);
    if (made == makers.end()) continue;
    output.node = made->second.first->name;
    output.nodeOutput = made->second.second;
  }
  return isCyclic(model->nodes) ? "the graph has a cycle" : "";
}

}  // namespace

std::string readOnnx(const std::vector<uint8_t> &bytes, OnnxModel *model) {
  FieldReader reader({bytes.data(), bytes.size()});
  Field field;
  size_t graphs = 0;
  while (reader.next(&field)) {
    if (field.is(onnx::modelProducer, WireType::Length)) model->producer = field.bytes.text();
    if (field.is(onnx::modelGraph, WireType::Length)) ++graphs;
    if (!field.is(onnx::modelOpset, WireType::Length)) continue;
    std::string domain;
    int64_t version = 0;
    FieldReader opset(field.bytes);
    Field part;
    while (opset.next(&part)) {
      if (part.is(onnx::opsetDomain, WireType::Length)) domain = part.bytes.text();
      if (part.is(onnx::opsetVersion, WireType::Varint)) version = static_cast<int64_t>(part.value);
    }
    ++model->domains;
    if (domain.empty() || domain == "ai.onnx") model->opset = version;
  }
  if (reader.failed() || graphs == 0) return "the file is not an ONNX model";
  if (graphs > 1) return "the model has two graphs";
  const std::string problem = readGraph({bytes.data(), bytes.size()}, model);
  if (!problem.empty()) return problem;
  if (model->outputs.empty()) return "the graph has no outputs";
  for (const auto *tensors : {&model->inputs, &model->outputs}) {
    if (tensors->size() > mostTensors) return "the graph has more inputs or outputs than any model";
    std::set<std::string> names;
    for (const OnnxTensor &tensor : *tensors) {
      if (!names.insert(tensor.name).second)
        return "two inputs or outputs are called \"" + tensor.name + "\"";
      if (tensor.name.empty() || tensor.type == ACL_DT_UNDEFINED)
        return "tensor \"" + tensor.name + "\" has no name or an element type that ACL does not have";
    }
  }
  return "";
}

}  // namespace sim
