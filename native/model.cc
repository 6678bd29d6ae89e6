#include "model.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace ascend {
namespace {

/** The calls about gears take an index that has only this value. */
constexpr size_t kAllInputs = static_cast<size_t>(-1);

Dims DimsOf(const aclmdlIODims &dims) {
  if (dims.dimCount > ACL_MAX_DIM_CNT)
    throw std::runtime_error("the model has a tensor of more than 128 dimensions");
  return Dims(dims.dims, dims.dims + dims.dimCount);
}

/** The shape with its open dimensions filled from `values`, the last one of which repeats. */
Dims Filled(const Dims &dims, const std::vector<int64_t> &values) {
  Dims filled = dims;
  size_t next = 0;
  for (int64_t &dim : filled) {
    if (dim >= 0) continue;
    dim = values[next];
    if (next + 1 < values.size()) next += 1;
  }
  return filled;
}

/** The calls for names and sizes have no way to fail but an empty answer. */
std::string NameOf(const char *name, const char *kind, size_t index) {
  if (name != nullptr && *name != 0) return name;
  throw std::runtime_error(std::string("AscendCL has no name for ") + kind + " " + std::to_string(index));
}

size_t SizeOf(size_t bytes, const TensorInfo &info) {
  return bytes > 0 ? bytes : TensorBytes(info.type, info.dims).value_or(0);
}

}  // namespace

size_t ElementBytes(aclDataType type) {
  switch (type) {
    case ACL_INT8:
    case ACL_UINT8:
    case ACL_BOOL:
      return 1;
    case ACL_FLOAT16:
    case ACL_INT16:
    case ACL_UINT16:
      return 2;
    case ACL_FLOAT:
    case ACL_INT32:
    case ACL_UINT32:
      return 4;
    case ACL_INT64:
    case ACL_UINT64:
    case ACL_DOUBLE:
      return 8;
    default:
      return 0;
  }
}

std::optional<size_t> TensorBytes(aclDataType type, const Dims &dims) {
  size_t bytes = ElementBytes(type);
  for (const int64_t dim : dims) {
    if (dim < 0 || __builtin_mul_overflow(bytes, static_cast<size_t>(dim), &bytes)) return std::nullopt;
  }
  return bytes;
}

bool IsDynamic(const Dims &dims) {
  return std::any_of(dims.begin(), dims.end(), [](int64_t dim) { return dim < 0; });
}

std::string MistakeIn(const ModelInfo &model, const Run &run, const std::vector<Source> &inputs) {
  const size_t count = model.inputs.size();
  const bool open = model.dynamics == Dynamics::kShape;
  if (inputs.size() != count || (open && run.dims.size() != count))
    return "not as many inputs as the model has";
  if (!model.gears.empty() && run.gear >= model.gears.size()) return "no such gear";
  for (const size_t output : run.fetches) {
    if (output >= model.outputs.size()) return "no such output";
  }
  for (size_t i = 0; i < count; ++i) {
    const TensorInfo &input = model.inputs[i];
    const Dims &dims = open                  ? run.dims[i]
                       : model.gears.empty() ? input.dims
                                             : model.gears[run.gear].inputs[i];
    const std::optional<size_t> bytes = TensorBytes(input.type, dims);
    if (inputs[i].bytes == bytes) continue;
    return "input \"" + input.name + "\" has " + std::to_string(inputs[i].bytes) +
           " bytes, and its shape needs " +
           (bytes.has_value() ? std::to_string(*bytes) : "more than there can be");
  }
  return "";
}

Model::Model(const AclApi &api, const std::string &path) : api_(api) {
  Check(api, api.aclmdlLoadFromFile(path.c_str(), &id_), "aclmdlLoadFromFile");
  Describe();
}

Model::Model(const AclApi &api, const void *bytes, size_t size) : api_(api) {
  Check(api, api.aclmdlLoadFromMem(bytes, size, &id_), "aclmdlLoadFromMem");
  Describe();
}

Model::~Model() {
  Unload();
}

bool Model::Unload() {
  if (loaded_ && api_.aclmdlUnload(id_) != acl::ACL_SUCCESS) return false;
  loaded_ = false;
  if (description_ != nullptr) api_.aclmdlDestroyDesc(description_);
  description_ = nullptr;
  return true;
}

void Model::Describe() {
  loaded_ = true;
  // The constructors' own cleanup: a destructor does not run for what was never constructed.
  try {
    description_ = CheckPointer(api_, api_.aclmdlCreateDesc(), "aclmdlCreateDesc");
    Check(api_, api_.aclmdlGetDesc(description_, id_), "aclmdlGetDesc");
    const size_t inputs = api_.aclmdlGetNumInputs(description_);
    for (size_t index = 0; index < inputs; ++index) {
      const TensorInfo input = Input(index);
      if (input.name == ACL_DYNAMIC_AIPP_NAME) {
        throw std::runtime_error(
            "input \"" + input.name +
            "\" is for dynamic AIPP (image preprocessing), which is not supported; compile "
            "the model without it");
      }
      if (input.name == ACL_DYNAMIC_TENSOR_NAME) {
        info_.hidden = input;
      } else {
        info_.inputs.push_back(input);
      }
    }
    const size_t outputs = api_.aclmdlGetNumOutputs(description_);
    for (size_t index = 0; index < outputs; ++index) info_.outputs.push_back(Output(index));
    if (info_.hidden.has_value()) {
      FindGears();
    } else {
      for (const auto *tensors : {&info_.inputs, &info_.outputs}) {
        for (const TensorInfo &tensor : *tensors) {
          if (IsDynamic(tensor.dims)) info_.dynamics = Dynamics::kShape;
        }
      }
    }
  } catch (...) {
    Unload();
    throw;
  }
}

TensorInfo Model::Input(size_t index) const {
  aclmdlIODims dims = {};
  if (api_.aclmdlGetInputDimsV2 != nullptr) {
    // The one whose product is the size of the input also where image preprocessing is compiled in.
    Check(api_, api_.aclmdlGetInputDimsV2(description_, index, &dims), "aclmdlGetInputDimsV2");
  } else {
    Check(api_, api_.aclmdlGetInputDims(description_, index, &dims), "aclmdlGetInputDims");
  }
  TensorInfo info;
  info.name = NameOf(api_.aclmdlGetInputNameByIndex(description_, index), "input", index);
  info.type = api_.aclmdlGetInputDataType(description_, index);
  info.format = api_.aclmdlGetInputFormat(description_, index);
  info.dims = DimsOf(dims);
  info.bytes = SizeOf(api_.aclmdlGetInputSizeByIndex(description_, index), info);
  info.index = index;
  return info;
}

TensorInfo Model::Output(size_t index) const {
  aclmdlIODims dims = {};
  Check(api_, api_.aclmdlGetOutputDims(description_, index, &dims), "aclmdlGetOutputDims");
  TensorInfo info;
  info.name = NameOf(api_.aclmdlGetOutputNameByIndex(description_, index), "output", index);
  info.type = api_.aclmdlGetOutputDataType(description_, index);
  info.dims = DimsOf(dims);
  info.bytes = SizeOf(api_.aclmdlGetOutputSizeByIndex(description_, index), info);
  info.index = index;
  return info;
}

void Model::FindGears() {
  aclmdlBatch batch = {};
  Check(api_, api_.aclmdlGetDynamicBatch(description_, &batch), "aclmdlGetDynamicBatch");
  aclmdlHW image = {};
  if (batch.batchCount == 0) {
    Check(api_, api_.aclmdlGetDynamicHW(description_, kAllInputs, &image), "aclmdlGetDynamicHW");
  }
  if (batch.batchCount > 0) {
    info_.dynamics = Dynamics::kBatch;
    for (size_t i = 0; i < batch.batchCount; ++i) {
      info_.gears.push_back({{static_cast<int64_t>(batch.batch[i])}, {}, {}});
    }
  } else if (image.hwCount > 0) {
    info_.dynamics = Dynamics::kImage;
    for (size_t i = 0; i < image.hwCount; ++i) {
      info_.gears.push_back(
          {{static_cast<int64_t>(image.hw[i][0]), static_cast<int64_t>(image.hw[i][1])}, {}, {}});
    }
  } else {
    size_t count = 0;
    Check(api_, api_.aclmdlGetInputDynamicGearCount(description_, kAllInputs, &count),
          "aclmdlGetInputDynamicGearCount");
    if (count == 0 || count > 1000) throw std::runtime_error("the model has a gear input and no gears");
    std::vector<aclmdlIODims> gears(count);
    Check(api_, api_.aclmdlGetInputDynamicDims(description_, kAllInputs, gears.data(), count),
          "aclmdlGetInputDynamicDims");
    info_.dynamics = Dynamics::kDims;
    for (const aclmdlIODims &gear : gears) info_.gears.push_back({DimsOf(gear), {}, {}});
  }
  for (Gear &gear : info_.gears) {
    size_t next = 0;
    for (const TensorInfo &input : info_.inputs) {
      if (info_.dynamics != Dynamics::kDims) {
        gear.inputs.push_back(Filled(input.dims, gear.values));
        continue;
      }
      const size_t end = next + input.dims.size();
      if (end > gear.values.size()) throw std::runtime_error("the model's gears do not fit its inputs");
      gear.inputs.emplace_back(gear.values.begin() + next, gear.values.begin() + end);
      next = end;
    }
  }
}

void Model::DescribeGears(aclmdlDataset *inputs) {
  for (Gear &gear : info_.gears) {
    SetGear(gear, inputs);
    for (size_t output = 0; output < info_.outputs.size(); ++output) {
      gear.outputs.push_back(CurrentOutputDims(output));
    }
  }
}

void Model::SetGear(const Gear &gear, aclmdlDataset *inputs) const {
  const size_t index = info_.hidden->index;
  if (info_.dynamics == Dynamics::kBatch) {
    Check(api_, api_.aclmdlSetDynamicBatchSize(id_, inputs, index, static_cast<uint64_t>(gear.values[0])),
          "aclmdlSetDynamicBatchSize");
  } else if (info_.dynamics == Dynamics::kImage) {
    Check(api_,
          api_.aclmdlSetDynamicHWSize(id_, inputs, index, static_cast<uint64_t>(gear.values[0]),
                                      static_cast<uint64_t>(gear.values[1])),
          "aclmdlSetDynamicHWSize");
  } else {
    aclmdlIODims dims = {};
    dims.dimCount = gear.values.size();
    std::memcpy(dims.dims, gear.values.data(), gear.values.size() * sizeof(int64_t));
    Check(api_, api_.aclmdlSetInputDynamicDims(id_, inputs, index, &dims), "aclmdlSetInputDynamicDims");
  }
}

Dims Model::CurrentOutputDims(size_t output) const {
  aclmdlIODims dims = {};
  Check(api_, api_.aclmdlGetCurOutputDims(description_, output, &dims), "aclmdlGetCurOutputDims");
  return DimsOf(dims);
}

}  // namespace ascend
