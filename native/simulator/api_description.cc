// Model descriptions.
#include <cstdio>
#include <cstring>

#include "../acl_error_codes.h"
#include "call.h"
#include "ledger.h"
#include "model.h"
#include "objects.h"
#include "process.h"
#include "text.h"

using namespace sim;

namespace {

constexpr size_t allInputs = SIZE_MAX;
constexpr size_t longestName = ACL_MAX_TENSOR_NAME_LEN - 1;

size_t inputCount(const aclmdlDesc &description) {
  return description.info->inputs.size() + (description.info->hasGears() ? 1 : 0);
}

bool isGearInput(const aclmdlDesc &description, size_t index) {
  return description.info->hasGears() && index == description.info->inputs.size();
}

/** The hidden input: as many numbers as a gear has, told as int32. */
TensorInfo gearInput(const ModelInfo &info) {
  const auto count = static_cast<int64_t>(info.gears[0].values.size());
  return {ACL_DYNAMIC_TENSOR_NAME, "", ACL_INT32, ACL_FORMAT_ND, {count}, {{count, count}}};
}

size_t bytesOf(const Shape &dims, aclDataType type) {
  const int64_t count = elementCount(dims);
  return count < 0 ? 0 : static_cast<size_t>(count) * elementBytes(type);
}

/** Bytes for the upper bounds of a dynamic shape; 0 when a size is unbounded. */
size_t bytesForRange(const TensorInfo &tensor) {
  Shape upper;
  for (const auto &bounds : tensor.range) upper.push_back(bounds.second);
  return bytesOf(upper, tensor.type);
}

size_t tensorBytes(const ModelInfo &info, bool input, size_t index) {
  const TensorInfo &tensor = input ? info.inputs[index] : info.outputs[index];
  if (info.dynamics == Dynamics::Shape) return bytesForRange(tensor);
  const Gear &gear = info.gears[info.largestGear()];
  return bytesOf(input ? gear.inputs[index] : gear.outputs[index], tensor.type);
}

aclError invalidIndex(size_t index, size_t count) {
  return fail(acl::ACL_ERROR_INVALID_PARAM, "EH0001",
              format("Index %zu is invalid: the valid range is [0, %zu).", index, count));
}

void writeDims(const std::string &name, const Shape &shape, aclmdlIODims *dims) {
  memset(dims, 0, sizeof *dims);
  snprintf(dims->name, sizeof dims->name, "%s", name.c_str());
  dims->dimCount = shape.size();
  for (size_t i = 0; i < shape.size(); ++i) dims->dims[i] = shape[i];
}

/** What dims carry for a name that does not fit. */
std::string shortName(const aclmdlDesc &description, bool input, size_t index, const std::string &name) {
  if (name.size() <= longestName) return name;
  return format("acl_modelId_%u_%s_%zu", description.modelId, input ? "input" : "output", index);
}

void rememberLongNames(aclmdlDesc *description) {
  for (const bool input : {true, false}) {
    const std::vector<TensorInfo> &tensors = input ? description->info->inputs : description->info->outputs;
    for (size_t i = 0; i < tensors.size(); ++i)
      if (tensors[i].name.size() > longestName)
        description->realNames[shortName(*description, input, i, tensors[i].name)] = tensors[i].name;
  }
}

aclError inputDims(const aclmdlDesc *description, size_t index, aclmdlIODims *dims) {
  if (description == nullptr || description->info == nullptr) return nullArgument("modelDesc");
  if (dims == nullptr) return nullArgument("dims");
  if (index >= inputCount(*description)) return invalidIndex(index, inputCount(*description));
  if (isGearInput(*description, index)) {
    const TensorInfo hidden = gearInput(*description->info);
    writeDims(hidden.name, hidden.dims, dims);
    return 0;
  }
  const TensorInfo &tensor = description->info->inputs[index];
  writeDims(shortName(*description, true, index, tensor.name), tensor.dims, dims);
  return 0;
}

void writeOutputDims(const aclmdlDesc &description, size_t index, int64_t gear, aclmdlIODims *dims) {
  const ModelInfo &info = *description.info;
  const TensorInfo &tensor = info.outputs[index];
  const std::string name = shortName(description, false, index, tensor.name);
  if (info.dynamics == Dynamics::Shape)
    writeDims(name, tensor.dims, dims);
  else
    writeDims(name, info.gears[gear >= 0 ? static_cast<size_t>(gear) : info.largestGear()].outputs[index],
              dims);
}

aclError checkOutput(const aclmdlDesc *description, size_t index, const aclmdlIODims *dims) {
  if (description == nullptr || description->info == nullptr) return nullArgument("modelDesc");
  if (dims == nullptr) return nullArgument("dims");
  const size_t count = description->info->outputs.size();
  return index < count ? 0 : invalidIndex(index, count);
}

aclError findByName(const std::vector<TensorInfo> &tensors, const char *name, size_t *index) {
  for (size_t i = 0; i < tensors.size(); ++i)
    if (tensors[i].name == name) {
      *index = i;
      return 0;
    }
  return fail(acl::ACL_ERROR_INVALID_PARAM, "EH0001",
              format("The model has no tensor of the name %s.", name));
}

aclError noGears(const char *what) {
  return fail(acl::ACL_ERROR_INVALID_PARAM, "EH0001", format("%s is invalid.", what));
}

bool usable(const aclmdlDesc *description) {
  return description != nullptr && description->info != nullptr;
}

}  // namespace

extern "C" {

aclmdlDesc *aclmdlCreateDesc(void) {
  return invokeOr<aclmdlDesc *>("aclmdlCreateDesc", nullptr, [] {
    auto *description = new aclmdlDesc();
    ++ledger().live.descriptions;
    return description;
  });
}

aclError aclmdlDestroyDesc(aclmdlDesc *modelDesc) {
  return invoke("aclmdlDestroyDesc", [&]() -> aclError {
    if (modelDesc == nullptr) return nullArgument("modelDesc");
    delete modelDesc;
    --ledger().live.descriptions;
    return 0;
  });
}

aclError aclmdlGetDesc(aclmdlDesc *modelDesc, uint32_t modelId) {
  return invoke("aclmdlGetDesc", [&]() -> aclError {
    if (modelDesc == nullptr) return nullArgument("modelDesc");
    const aclError code = requireInit();
    if (code != 0) return code;
    const auto model = requireModel(modelId);
    if (model == nullptr) return acl::ACL_ERROR_GE_EXEC_MODEL_ID_INVALID;
    *modelDesc = {model->info, model, modelId, {}};
    rememberLongNames(modelDesc);
    return 0;
  });
}

size_t aclmdlGetNumInputs(aclmdlDesc *modelDesc) {
  return invokeOr<size_t>("aclmdlGetNumInputs", 0,
                          [&]() -> size_t { return usable(modelDesc) ? inputCount(*modelDesc) : 0; });
}

size_t aclmdlGetNumOutputs(aclmdlDesc *modelDesc) {
  return invokeOr<size_t>("aclmdlGetNumOutputs", 0, [&]() -> size_t {
    return usable(modelDesc) ? modelDesc->info->outputs.size() : 0;
  });
}

size_t aclmdlGetInputSizeByIndex(aclmdlDesc *modelDesc, size_t index) {
  return invokeOr<size_t>("aclmdlGetInputSizeByIndex", 0, [&]() -> size_t {
    if (!usable(modelDesc) || index >= inputCount(*modelDesc)) return 0;
    if (isGearInput(*modelDesc, index)) {
      const TensorInfo hidden = gearInput(*modelDesc->info);
      return bytesOf(hidden.dims, hidden.type);
    }
    return tensorBytes(*modelDesc->info, true, index);
  });
}

size_t aclmdlGetOutputSizeByIndex(aclmdlDesc *modelDesc, size_t index) {
  return invokeOr<size_t>("aclmdlGetOutputSizeByIndex", 0, [&]() -> size_t {
    if (!usable(modelDesc) || index >= modelDesc->info->outputs.size()) return 0;
    return tensorBytes(*modelDesc->info, false, index);
  });
}

const char *aclmdlGetInputNameByIndex(const aclmdlDesc *modelDesc, size_t index) {
  return invokeOr<const char *>("aclmdlGetInputNameByIndex", "", [&]() -> const char * {
    if (!usable(modelDesc) || index >= inputCount(*modelDesc)) return "";
    return isGearInput(*modelDesc, index) ? ACL_DYNAMIC_TENSOR_NAME
                                          : modelDesc->info->inputs[index].name.c_str();
  });
}

const char *aclmdlGetOutputNameByIndex(const aclmdlDesc *modelDesc, size_t index) {
  return invokeOr<const char *>("aclmdlGetOutputNameByIndex", "", [&]() -> const char * {
    if (!usable(modelDesc) || index >= modelDesc->info->outputs.size()) return "";
    return modelDesc->info->outputs[index].name.c_str();
  });
}

aclError aclmdlGetInputIndexByName(const aclmdlDesc *modelDesc, const char *name, size_t *index) {
  return invoke("aclmdlGetInputIndexByName", [&]() -> aclError {
    if (!usable(modelDesc)) return nullArgument("modelDesc");
    if (name == nullptr) return nullArgument("name");
    if (index == nullptr) return nullArgument("index");
    if (modelDesc->info->hasGears() && strcmp(name, ACL_DYNAMIC_TENSOR_NAME) == 0) {
      *index = modelDesc->info->inputs.size();
      return 0;
    }
    return findByName(modelDesc->info->inputs, name, index);
  });
}

aclError aclmdlGetOutputIndexByName(const aclmdlDesc *modelDesc, const char *name, size_t *index) {
  return invoke("aclmdlGetOutputIndexByName", [&]() -> aclError {
    if (!usable(modelDesc)) return nullArgument("modelDesc");
    if (name == nullptr) return nullArgument("name");
    if (index == nullptr) return nullArgument("index");
    return findByName(modelDesc->info->outputs, name, index);
  });
}

aclDataType aclmdlGetInputDataType(const aclmdlDesc *modelDesc, size_t index) {
  return invokeOr<aclDataType>("aclmdlGetInputDataType", ACL_DT_UNDEFINED, [&]() -> aclDataType {
    if (!usable(modelDesc) || index >= inputCount(*modelDesc)) return ACL_DT_UNDEFINED;
    return isGearInput(*modelDesc, index) ? ACL_INT32 : modelDesc->info->inputs[index].type;
  });
}

aclDataType aclmdlGetOutputDataType(const aclmdlDesc *modelDesc, size_t index) {
  return invokeOr<aclDataType>("aclmdlGetOutputDataType", ACL_DT_UNDEFINED, [&]() -> aclDataType {
    if (!usable(modelDesc) || index >= modelDesc->info->outputs.size()) return ACL_DT_UNDEFINED;
    return modelDesc->info->outputs[index].type;
  });
}

aclFormat aclmdlGetInputFormat(const aclmdlDesc *modelDesc, size_t index) {
  return invokeOr<aclFormat>("aclmdlGetInputFormat", ACL_FORMAT_UNDEFINED, [&]() -> aclFormat {
    if (!usable(modelDesc) || index >= inputCount(*modelDesc)) return ACL_FORMAT_UNDEFINED;
    return isGearInput(*modelDesc, index) ? ACL_FORMAT_ND : modelDesc->info->inputs[index].format;
  });
}

aclFormat aclmdlGetOutputFormat(const aclmdlDesc *modelDesc, size_t index) {
  return invokeOr<aclFormat>("aclmdlGetOutputFormat", ACL_FORMAT_UNDEFINED, [&]() -> aclFormat {
    if (!usable(modelDesc) || index >= modelDesc->info->outputs.size()) return ACL_FORMAT_UNDEFINED;
    return modelDesc->info->outputs[index].format;
  });
}

aclError aclmdlGetInputDims(const aclmdlDesc *modelDesc, size_t index, aclmdlIODims *dims) {
  return invoke("aclmdlGetInputDims", [&] { return inputDims(modelDesc, index, dims); });
}

aclError aclmdlGetInputDimsV2(const aclmdlDesc *modelDesc, size_t index, aclmdlIODims *dims) {
  return invoke("aclmdlGetInputDimsV2", [&] { return inputDims(modelDesc, index, dims); });
}

aclError aclmdlGetOutputDims(const aclmdlDesc *modelDesc, size_t index, aclmdlIODims *dims) {
  return invoke("aclmdlGetOutputDims", [&]() -> aclError {
    const aclError code = checkOutput(modelDesc, index, dims);
    if (code == 0) writeOutputDims(*modelDesc, index, -1, dims);
    return code;
  });
}

aclError aclmdlGetCurOutputDims(const aclmdlDesc *modelDesc, size_t index, aclmdlIODims *dims) {
  return invoke("aclmdlGetCurOutputDims", [&]() -> aclError {
    const aclError code = checkOutput(modelDesc, index, dims);
    if (code != 0) return code;
    if (modelDesc->info->dynamics == Dynamics::Shape)
      return fail(acl::ACL_ERROR_API_NOT_SUPPORT, "EH0001",
                  "Models of a dynamic shape have no current output dims: see the output dataset's tensor "
                  "description.");
    const auto model = modelDesc->model.lock();
    if (model == nullptr)
      return fail(acl::ACL_ERROR_GE_EXEC_MODEL_ID_INVALID, "E19999", "The described model is not loaded.");
    writeOutputDims(*modelDesc, index, model->currentGear(), dims);
    return 0;
  });
}

aclError aclmdlGetInputDimsRange(const aclmdlDesc *modelDesc, size_t index, aclmdlIODimsRange *dimsRange) {
  return invoke("aclmdlGetInputDimsRange", [&]() -> aclError {
    if (!usable(modelDesc)) return nullArgument("modelDesc");
    if (dimsRange == nullptr) return nullArgument("dimsRange");
    if (index >= inputCount(*modelDesc)) return invalidIndex(index, inputCount(*modelDesc));
    memset(dimsRange, 0, sizeof *dimsRange);
    if (modelDesc->info->hasGears()) return 0;
    const auto &range = modelDesc->info->inputs[index].range;
    dimsRange->rangeCount = range.size();
    for (size_t i = 0; i < range.size(); ++i) {
      dimsRange->range[i][0] = range[i].first;
      dimsRange->range[i][1] = range[i].second;
    }
    return 0;
  });
}

aclError aclmdlGetDynamicBatch(const aclmdlDesc *modelDesc, aclmdlBatch *batch) {
  return invoke("aclmdlGetDynamicBatch", [&]() -> aclError {
    if (!usable(modelDesc)) return nullArgument("modelDesc");
    if (batch == nullptr) return nullArgument("batch");
    memset(batch, 0, sizeof *batch);
    if (modelDesc->info->dynamics != Dynamics::Batch) return 0;
    for (const Gear &gear : modelDesc->info->gears)
      batch->batch[batch->batchCount++] = static_cast<uint64_t>(gear.values[0]);
    return 0;
  });
}

aclError aclmdlGetDynamicHW(const aclmdlDesc *modelDesc, size_t, aclmdlHW *hw) {
  return invoke("aclmdlGetDynamicHW", [&]() -> aclError {
    if (!usable(modelDesc)) return nullArgument("modelDesc");
    if (hw == nullptr) return nullArgument("hw");
    memset(hw, 0, sizeof *hw);
    if (modelDesc->info->dynamics != Dynamics::ImageSize) return 0;
    for (const Gear &gear : modelDesc->info->gears) {
      hw->hw[hw->hwCount][0] = static_cast<uint64_t>(gear.values[0]);
      hw->hw[hw->hwCount++][1] = static_cast<uint64_t>(gear.values[1]);
    }
    return 0;
  });
}

aclError aclmdlGetInputDynamicGearCount(const aclmdlDesc *modelDesc, size_t index, size_t *gearCount) {
  return invoke("aclmdlGetInputDynamicGearCount", [&]() -> aclError {
    if (!usable(modelDesc)) return nullArgument("modelDesc");
    if (gearCount == nullptr) return nullArgument("gearCount");
    if (index != allInputs) return noGears("index, which must be (size_t)-1,");
    *gearCount = modelDesc->info->dynamics == Dynamics::Dims ? modelDesc->info->gears.size() : 0;
    return 0;
  });
}

aclError aclmdlGetInputDynamicDims(const aclmdlDesc *modelDesc, size_t index, aclmdlIODims *dims,
                                   size_t gearCount) {
  return invoke("aclmdlGetInputDynamicDims", [&]() -> aclError {
    if (!usable(modelDesc)) return nullArgument("modelDesc");
    if (dims == nullptr) return nullArgument("dims");
    if (index != allInputs) return noGears("index, which must be (size_t)-1,");
    const size_t count = modelDesc->info->dynamics == Dynamics::Dims ? modelDesc->info->gears.size() : 0;
    if (gearCount < count) return noGears("gearCount, which is smaller than the number of gears,");
    for (size_t i = 0; i < count; ++i) {
      Shape all;
      for (const Shape &shape : modelDesc->info->gears[i].inputs)
        all.insert(all.end(), shape.begin(), shape.end());
      if (all.size() > ACL_MAX_DIM_CNT)
        return noGears("the model, whose inputs have more than 128 dims together,");
      writeDims("", all, &dims[i]);
    }
    return 0;
  });
}

const char *aclmdlGetTensorRealName(const aclmdlDesc *modelDesc, const char *name) {
  return invokeOr<const char *>("aclmdlGetTensorRealName", nullptr, [&]() -> const char * {
    if (!usable(modelDesc) || name == nullptr) return nullptr;
    const auto known = modelDesc->realNames.find(name);
    if (known != modelDesc->realNames.end()) return known->second.c_str();
    for (const auto *tensors : {&modelDesc->info->inputs, &modelDesc->info->outputs})
      for (const TensorInfo &tensor : *tensors)
        if (tensor.name == name) return tensor.name.c_str();
    return nullptr;
  });
}

const char *aclmdlGetOpAttr(aclmdlDesc *modelDesc, const char *opName, const char *attr) {
  return invokeOr<const char *>("aclmdlGetOpAttr", nullptr, [&]() -> const char * {
    if (!usable(modelDesc) || opName == nullptr || attr == nullptr) return nullptr;
    return strcmp(attr, "_datadump_original_op_names") == 0 ? "" : nullptr;
  });
}

}  // extern "C"
