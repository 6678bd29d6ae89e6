#pragma once

#include <optional>
#include <string>
#include <vector>

#include "run.h"

namespace ascend {

/** Bytes of one element, or 0 for types that do not fit into a JavaScript array. */
size_t ElementBytes(aclDataType type);

/** Bytes of a tensor; nothing when a dimension is negative or the product does not fit. */
std::optional<size_t> TensorBytes(aclDataType type, const Dims &dims);

/** True when a dimension is left open. */
bool IsDynamic(const Dims &dims);

struct TensorInfo {
  std::string name;
  aclDataType type = ACL_DT_UNDEFINED;
  aclFormat format = ACL_FORMAT_ND;
  /** -1 where the size is up to the caller. */
  Dims dims;
  /** Of its buffer, padding included; 0 where the model sets no limit. */
  size_t bytes = 0;
  /** Position in the model, where hidden inputs count. */
  size_t index = 0;
};

/** How the shapes of a model's inputs may vary, which was fixed when it was compiled. */
enum class Dynamics { kStatic, kBatch, kImage, kDims, kShape };

/** One of the combinations of shapes a model was compiled for. */
struct Gear {
  /** kBatch: the batch. kImage: height and width. kDims: the dimensions of all inputs in a row. */
  std::vector<int64_t> values;
  std::vector<Dims> inputs;
  std::vector<Dims> outputs;
};

struct ModelInfo {
  /** Without those the user does not feed. */
  std::vector<TensorInfo> inputs;
  std::vector<TensorInfo> outputs;
  Dynamics dynamics = Dynamics::kStatic;
  std::vector<Gear> gears;
  /** The input through which a gear is chosen. */
  std::optional<TensorInfo> hidden;
};

/** What is wrong with a run's gear, outputs, shapes or bytes; empty when it fits the model. */
std::string MistakeIn(const ModelInfo &model, const Run &run, const std::vector<Source> &inputs);

/** A model on the device. Load, execute and unload it under one context. */
class Model {
 public:
  Model(const AclApi &api, const std::string &path);
  Model(const AclApi &api, const void *bytes, size_t size);
  ~Model();
  Model(const Model &) = delete;
  Model &operator=(const Model &) = delete;

  /** The destructor does it too. False when AscendCL refuses, which means that the model is still in use. */
  bool Unload();

  uint32_t id() const { return id_; }
  const ModelInfo &info() const { return info_; }
  /** Needs the datasets of an execution; fills in the shapes of the outputs, gear by gear. */
  void DescribeGears(aclmdlDataset *inputs);
  void SetGear(const Gear &gear, aclmdlDataset *inputs) const;
  /** In the gear that was set last. */
  Dims CurrentOutputDims(size_t output) const;

 private:
  void Describe();
  void FindGears();
  TensorInfo Input(size_t index) const;
  TensorInfo Output(size_t index) const;

  const AclApi &api_;
  uint32_t id_ = 0;
  bool loaded_ = false;
  aclmdlDesc *description_ = nullptr;
  ModelInfo info_;
};

}  // namespace ascend
