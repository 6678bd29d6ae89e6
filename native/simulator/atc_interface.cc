#include "atc_interface.h"

#include <algorithm>

#include "onnx_interface.h"
#include "text.h"

namespace sim {

namespace {

AtcFailure notInModel(const std::string &option, const std::string &name) {
  return {"E10016", format("--%s names %s, which the model does not have.", option.c_str(), name.c_str()),
          "--mode=1 lists the names; several are separated by semicolons."};
}

AtcFailure invalidValue(const std::string &option, const std::string &value, const std::string &reason) {
  return {"E10001", format("--%s=%s cannot be used: %s.", option.c_str(), value.c_str(), reason.c_str()),
          "Correct this option."};
}

struct NamedType {
  const char *name;
  aclDataType type;
};
constexpr NamedType outputTypes[] = {{"FP32", ACL_FLOAT},    {"FP16", ACL_FLOAT16},  {"UINT8", ACL_UINT8},
                                     {"INT8", ACL_INT8},     {"INT16", ACL_INT16},   {"UINT16", ACL_UINT16},
                                     {"INT32", ACL_INT32},   {"UINT32", ACL_UINT32}, {"INT64", ACL_INT64},
                                     {"UINT64", ACL_UINT64}, {"DOUBLE", ACL_DOUBLE}};

aclDataType outputType(const std::string &whole, const std::string &name) {
  std::vector<std::string> names;
  for (const NamedType &each : outputTypes) {
    if (name == each.name) return each.type;
    names.emplace_back(each.name);
  }
  throw invalidValue("output_type", whole, "the type must be one of [" + join(names, ", ") + "]");
}

/** What the model says of a tensor; of one it does not mention, only the name. */
OnnxTensor describeTensor(const OnnxModel &model, const std::string &name) {
  for (const auto *tensors : {&model.outputs, &model.others})
    for (const OnnxTensor &tensor : *tensors)
      if (tensor.name == name) return tensor;
  OnnxTensor tensor;
  tensor.name = tensor.graphName = name;
  return tensor;
}

/** `node:0`, or the name of a tensor; both may hold colons. */
OnnxTensor findOutput(const OnnxModel &model, const std::string &wanted) {
  const size_t colon = wanted.rfind(':');
  int64_t index = -1;
  if (colon != std::string::npos && !parseInteger(wanted.substr(colon + 1), &index)) index = -1;
  for (const OnnxNode &node : model.nodes)
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      const bool byNode = static_cast<int64_t>(i) == index && node.name == wanted.substr(0, colon);
      if (node.outputs[i].empty() || (node.outputs[i] != wanted && !byNode)) continue;
      OnnxTensor tensor = describeTensor(model, node.outputs[i]);
      tensor.node = node.name;
      tensor.nodeOutput = i;
      return tensor;
    }
  throw notInModel("out_nodes", wanted);
}

std::vector<OnnxTensor> chosenOutputs(const AtcOptions &options, const OnnxModel &model) {
  std::vector<OnnxTensor> outputs;
  if (!options.has("out_nodes")) return outputs;
  const std::string wanted = options.value("out_nodes");
  for (const std::string &part : split(wanted, ';')) {
    const std::string name = trim(part);
    if (name.empty()) continue;
    outputs.push_back(findOutput(model, name));
    const OnnxTensor &added = outputs.back();
    if (std::count_if(outputs.begin(), outputs.end(),
                      [&](const OnnxTensor &tensor) { return tensor.name == added.name; }) > 1)
      throw invalidValue("out_nodes", wanted, "an output is named twice");
  }
  if (outputs.empty()) throw invalidValue("out_nodes", wanted, "no node is named");
  return outputs;
}

std::vector<aclDataType> chosenOutputTypes(const AtcOptions &options,
                                           const std::vector<OnnxTensor> &outputs) {
  const std::string value = options.value("output_type");
  if (value.empty()) return std::vector<aclDataType>(outputs.size(), ACL_DT_UNDEFINED);
  if (value.find(':') == std::string::npos)
    return std::vector<aclDataType>(outputs.size(), outputType(value, value));
  std::vector<aclDataType> types(outputs.size(), ACL_DT_UNDEFINED);
  for (const std::string &part : split(value, ';')) {
    if (part.empty()) continue;
    const size_t colon = part.rfind(':');
    if (colon == std::string::npos) throw invalidValue("output_type", value, "it is written as node:0:FP16");
    const std::string node = trim(part.substr(0, colon));
    const auto found = std::find_if(outputs.begin(), outputs.end(), [&](const OnnxTensor &tensor) {
      return tensor.name == node || format("%s:%zu", tensor.node.c_str(), tensor.nodeOutput) == node;
    });
    if (found == outputs.end()) throw notInModel("output_type", node);
    types[static_cast<size_t>(found - outputs.begin())] = outputType(value, part.substr(colon + 1));
  }
  return types;
}

std::vector<aclDataType> chosenInputTypes(const AtcOptions &options, const OnnxModel &model) {
  std::vector<aclDataType> types(model.inputs.size(), ACL_DT_UNDEFINED);
  for (const std::string &part : split(options.value("input_fp16_nodes"), ';')) {
    const std::string name = trim(part);
    if (name.empty()) continue;
    const auto found = std::find_if(model.inputs.begin(), model.inputs.end(),
                                    [&](const OnnxTensor &tensor) { return tensor.name == name; });
    if (found == model.inputs.end()) {
      for (const OnnxNode &node : model.nodes)
        if (node.name == name)
          throw AtcFailure{"E10017",
                           format("--input_fp16_nodes names %s, a node that computes.", name.c_str()),
                           "Name an input of the model."};
      throw notInModel("input_fp16_nodes", name);
    }
    types[static_cast<size_t>(found - model.inputs.begin())] = ACL_FLOAT16;
  }
  return types;
}

}  // namespace

void applyInterfaceOptions(const AtcOptions &options, std::vector<uint8_t> *onnx, OnnxModel *model) {
  if (!options.has("out_nodes") && !options.has("output_type") && !options.has("input_fp16_nodes")) return;
  InterfaceChange change;
  change.outputs = chosenOutputs(options, *model);
  change.outputTypes = chosenOutputTypes(options, change.outputs.empty() ? model->outputs : change.outputs);
  change.inputTypes = chosenInputTypes(options, *model);
  changeInterface(change, onnx, model);
}

}  // namespace sim
