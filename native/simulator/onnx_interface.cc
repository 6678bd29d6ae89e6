#include "onnx_interface.h"

#include <algorithm>

#include "text.h"

namespace sim {

namespace {

void addValueInfo(uint32_t field, const OnnxTensor &tensor, MessageWriter *graph) {
  MessageWriter value;
  value.text(onnx::valueName, tensor.graphName);
  // A tensor whose type nobody told is left to onnxruntime, which infers it.
  if (tensor.type != ACL_DT_UNDEFINED) {
    MessageWriter described;
    described.varint(onnx::tensorTypeElement, toOnnxType(tensor.type));
    if (tensor.hasShape) {
      MessageWriter shape;
      for (const OnnxDim &dim : tensor.dims) {
        MessageWriter size;
        if (dim.size >= 0) size.varint(onnx::dimValue, static_cast<uint64_t>(dim.size));
        if (dim.size < 0 && !dim.symbol.empty()) size.text(onnx::dimParam, dim.symbol);
        shape.bytes(onnx::shapeDim, size.content());
      }
      described.bytes(onnx::tensorTypeShape, shape.content());
    }
    MessageWriter type;
    type.bytes(onnx::typeTensor, described.content());
    value.bytes(onnx::valueType, type.content());
  }
  graph->bytes(field, value.content());
}

void addCast(const std::string &from, const std::string &to, aclDataType type, MessageWriter *graph) {
  MessageWriter attribute;
  attribute.text(onnx::attributeName, "to");
  attribute.varint(onnx::attributeInteger, toOnnxType(type));
  attribute.varint(onnx::attributeType, onnx::integerAttribute);
  MessageWriter node;
  node.text(onnx::nodeInput, from);
  node.text(onnx::nodeOutput, to);
  node.text(onnx::nodeName, "cast_of_" + to);
  node.text(onnx::nodeType, "Cast");
  node.bytes(onnx::nodeAttribute, attribute.content());
  graph->bytes(onnx::graphNode, node.content());
}

/** A name that no tensor of the model has. */
std::string freeName(const OnnxModel &model, const std::string &wish) {
  std::string name = wish + "_trans";
  const auto isTaken = [&](const std::string &candidate) {
    for (const OnnxNode &node : model.nodes)
      for (const auto *names : {&node.inputs, &node.outputs})
        if (std::find(names->begin(), names->end(), candidate) != names->end()) return true;
    for (const auto *tensors : {&model.inputs, &model.outputs})
      for (const OnnxTensor &tensor : *tensors)
        if (tensor.graphName == candidate) return true;
    return false;
  };
  while (isTaken(name)) name += "_";
  return name;
}

}  // namespace

void changeInterface(const InterfaceChange &change, std::vector<uint8_t> *onnx, OnnxModel *model) {
  MessageWriter graph;
  if (!change.outputs.empty()) model->outputs = change.outputs;
  for (size_t i = 0; i < model->inputs.size(); ++i) {
    OnnxTensor &input = model->inputs[i];
    if (change.inputTypes[i] == ACL_DT_UNDEFINED || change.inputTypes[i] == input.type) continue;
    // The graph goes on using the old name, which becomes the Cast's output.
    input.graphName = freeName(*model, input.name);
    addCast(input.graphName, input.name, input.type, &graph);
    input.type = change.inputTypes[i];
  }
  FieldReader reader(graphOf({onnx->data(), onnx->size()}));
  Field field;
  while (reader.next(&field)) {
    const bool input = field.is(onnx::graphInput, WireType::Length);
    if (field.is(onnx::graphOutput, WireType::Length)) continue;
    if (!input) {
      graph.copy(reader.raw());
      continue;
    }
    FieldReader value(field.bytes);
    Field part;
    std::string name;
    while (value.next(&part))
      if (part.is(onnx::valueName, WireType::Length)) name = part.bytes.text();
    const auto changed = std::find_if(
        model->inputs.begin(), model->inputs.end(),
        [&](const OnnxTensor &tensor) { return tensor.name == name && tensor.graphName != name; });
    if (changed == model->inputs.end())
      graph.copy(reader.raw());
    else
      addValueInfo(onnx::graphInput, *changed, &graph);
  }
  for (size_t i = 0; i < model->outputs.size(); ++i) {
    OnnxTensor &output = model->outputs[i];
    if (change.outputTypes[i] != ACL_DT_UNDEFINED && change.outputTypes[i] != output.type) {
      const std::string made = output.graphName;
      output.graphName = freeName(*model, output.name);
      output.type = change.outputTypes[i];
      addCast(made, output.graphName, output.type, &graph);
    }
    addValueInfo(onnx::graphOutput, output, &graph);
  }
  *onnx = replaceGraph(*onnx, graph.content());
}

}  // namespace sim
