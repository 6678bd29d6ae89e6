// What an .om says about its model: tensors, gears, origin. Made by atc, stored in the file, read by the
// library.
#ifndef SIMULATOR_MODEL_INFO_H_
#define SIMULATOR_MODEL_INFO_H_

#include <cstdint>
#include <string>
#include <vector>

#include "../acl_abi.h"

namespace sim {

using Shape = std::vector<int64_t>;

/** Of inputs, and of outputs. */
constexpr size_t mostTensors = 1024;

struct TensorInfo {
  std::string name;
  /** The graph's own name; `name` of an output is `node:index:onnxName`. */
  std::string onnxName;
  aclDataType type = ACL_DT_UNDEFINED;
  aclFormat format = ACL_FORMAT_ND;
  /** −1 where the size is chosen per inference. */
  Shape dims;
  /** Per dim: the bounds of a size that is chosen per inference (upper −1: none), else twice the size. */
  std::vector<std::pair<int64_t, int64_t>> range;
};

/** The four mutually exclusive ways in which a model's inputs can vary, fixed by atc. */
enum class Dynamics { None, Batch, ImageSize, Dims, Shape };

/** One of the sets of shapes a model was compiled for. A static model has exactly one. */
struct Gear {
  /** What the setter is called with: batch; height and width; or the sizes in place of every −1. */
  std::vector<int64_t> values;
  std::vector<Shape> inputs;
  std::vector<Shape> outputs;
};

struct ModelInfo {
  std::string name;
  std::string soc;
  std::string command;
  std::string precision;
  Dynamics dynamics = Dynamics::None;
  /** Without the hidden gear input. */
  std::vector<TensorInfo> inputs;
  std::vector<TensorInfo> outputs;
  /** Empty for Dynamics::Shape. */
  std::vector<Gear> gears;
  uint64_t weightBytes = 0;

  bool hasGears() const { return dynamics != Dynamics::None && dynamics != Dynamics::Shape; }
  /** The gear with most input elements: the one that runs when none was chosen, and that sizes are told for.
   */
  size_t largestGear() const;
};

/** Bytes an element takes in a buffer. */
size_t elementBytes(aclDataType type);
/** Product of the sizes; −1 when one of them is negative or it does not fit. */
int64_t elementCount(const Shape &dims);

/** Device memory an execution takes beside the weights. */
uint64_t workBytes(const ModelInfo &info);

/** As text lines, for the file. */
std::string writeModelInfo(const ModelInfo &info);
bool readModelInfo(const std::string &text, ModelInfo *info);

}  // namespace sim

#endif  // SIMULATOR_MODEL_INFO_H_
