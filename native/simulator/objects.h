// The objects a caller makes and destroys itself: data buffers, datasets, tensor and model descriptions.
#ifndef SIMULATOR_OBJECTS_H_
#define SIMULATOR_OBJECTS_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "../acl_abi.h"
#include "model_info.h"

struct aclDataBuffer {
  void *data;
  size_t size;
};

struct aclTensorDesc {
  aclDataType type;
  aclFormat format;
  sim::Shape dims;
  std::string name;
  std::string constant;
  /** Of an operator's tensor on the device. */
  void *address = nullptr;
  /** The second and further elements when this is the head of an array. */
  std::vector<aclTensorDesc> others = {};
};

struct aclmdlDataset {
  struct Entry {
    aclDataBuffer *buffer;
    std::unique_ptr<aclTensorDesc> description;
  };
  std::vector<Entry> entries;
  /** Chosen with one of the SetDynamic calls; −1 when none was. */
  int64_t gear = -1;
  uint32_t gearModel = 0;
};

namespace sim {
class Model;

/** What aclDataTypeSize tells; 8 for types nobody knows. */
size_t dataTypeBytes(aclDataType type);
}  // namespace sim

struct aclmdlDesc {
  std::shared_ptr<const sim::ModelInfo> info;
  /** Null when the description was made from a file. */
  std::weak_ptr<sim::Model> model;
  uint32_t modelId = 0;
  /** Names of more than 127 characters by the substitute that dims carry. */
  std::map<std::string, std::string> realNames;
};

#endif  // SIMULATOR_OBJECTS_H_
