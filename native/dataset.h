#pragma once

#include <vector>

#include "acl_error.h"

namespace ascend {

/** The inputs or outputs of an execution, in the order of the model. Refers to device memory and does not own
 * it. */
class Dataset {
 public:
  explicit Dataset(const AclApi &api)
      : api_(api), dataset_(CheckPointer(api, api.aclmdlCreateDataset(), "aclmdlCreateDataset")) {}
  ~Dataset() {
    // A dataset owns neither its buffers nor their memory.
    for (aclDataBuffer *buffer : buffers_) api_.aclDestroyDataBuffer(buffer);
    api_.aclmdlDestroyDataset(dataset_);
  }
  Dataset(const Dataset &) = delete;
  Dataset &operator=(const Dataset &) = delete;

  void Add(void *data, size_t bytes) {
    buffers_.reserve(buffers_.size() + 1);
    aclDataBuffer *buffer = CheckPointer(api_, api_.aclCreateDataBuffer(data, bytes), "aclCreateDataBuffer");
    buffers_.push_back(buffer);
    Check(api_, api_.aclmdlAddDatasetBuffer(dataset_, buffer), "aclmdlAddDatasetBuffer");
  }

  void Update(size_t index, void *data, size_t bytes) {
    Check(api_, api_.aclUpdateDataBuffer(buffers_[index], data, bytes), "aclUpdateDataBuffer");
  }

  void *DataOf(size_t index) const { return api_.aclGetDataBufferAddr(buffers_[index]); }
  size_t BytesOf(size_t index) const { return api_.aclGetDataBufferSizeV2(buffers_[index]); }
  aclmdlDataset *get() const { return dataset_; }

 private:
  const AclApi &api_;
  aclmdlDataset *dataset_;
  std::vector<aclDataBuffer *> buffers_;
};

}  // namespace ascend
