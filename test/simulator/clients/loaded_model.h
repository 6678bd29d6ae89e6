// A model with datasets and device buffers of the sizes it tells, as a client would set it up.
#ifndef TEST_SIMULATOR_LOADED_MODEL_H_
#define TEST_SIMULATOR_LOADED_MODEL_H_

#include <vector>

#include "cases.h"

using Dims = std::vector<int64_t>;

class LoadedModel {
 public:
  /** Initialises ACL when that has not happened, sets the device and loads. */
  explicit LoadedModel(const char *path, int32_t device = 0) {
    const aclError code = aclInit(nullptr);
    CHECK(code == 0 || code == 100002);
    aclGetRecentErrMsg();
    OK(aclrtSetDevice(device));
    OK(aclmdlLoadFromFile(path, &id));
    description = aclmdlCreateDesc();
    OK(aclmdlGetDesc(description, id));
    input = aclmdlCreateDataset();
    output = aclmdlCreateDataset();
    for (size_t i = 0; i < aclmdlGetNumInputs(description); ++i)
      add(input, aclmdlGetInputSizeByIndex(description, i));
    for (size_t i = 0; i < aclmdlGetNumOutputs(description); ++i)
      add(output, aclmdlGetOutputSizeByIndex(description, i));
  }

  uint32_t id = 0;
  aclmdlDesc *description = nullptr;
  aclmdlDataset *input = nullptr;
  aclmdlDataset *output = nullptr;

  static void *address(const aclmdlDataset *dataset, size_t index) {
    return aclGetDataBufferAddr(aclmdlGetDatasetBuffer(dataset, index));
  }

  void set(size_t index, const void *data, size_t bytes) const {
    OK(aclrtMemcpy(address(input, index), bytes, data, bytes, ACL_MEMCPY_HOST_TO_DEVICE));
  }

  std::vector<float> get(size_t index, size_t count) const {
    std::vector<float> values(count);
    OK(aclrtMemcpy(values.data(), count * sizeof(float), address(output, index), count * sizeof(float),
                   ACL_MEMCPY_DEVICE_TO_HOST));
    return values;
  }

  Dims inputDims(size_t index) const {
    aclmdlIODims dims;
    OK(aclmdlGetInputDims(description, index, &dims));
    return Dims(dims.dims, dims.dims + dims.dimCount);
  }

  Dims currentOutputDims(size_t index) const {
    aclmdlIODims dims;
    OK(aclmdlGetCurOutputDims(description, index, &dims));
    return Dims(dims.dims, dims.dims + dims.dimCount);
  }

  void destroyDatasets() {
    for (aclmdlDataset *dataset : {input, output}) {
      for (size_t i = 0; i < aclmdlGetDatasetNumBuffers(dataset); ++i)
        OK(aclDestroyDataBuffer(aclmdlGetDatasetBuffer(dataset, i)));
      OK(aclmdlDestroyDataset(dataset));
    }
    input = output = nullptr;
  }

  /** Everything, in the order ACL wants it. */
  void release() {
    OK(aclmdlUnload(id));
    for (aclmdlDataset *dataset : {input, output})
      for (size_t i = 0; i < aclmdlGetDatasetNumBuffers(dataset); ++i)
        if (address(dataset, i) != nullptr) OK(aclrtFree(address(dataset, i)));
    destroyDatasets();
    OK(aclmdlDestroyDesc(description));
  }

 private:
  static void add(aclmdlDataset *dataset, size_t bytes) {
    void *block = nullptr;
    if (bytes > 0) OK(aclrtMalloc(&block, bytes, ACL_MEM_MALLOC_HUGE_FIRST));
    OK(aclmdlAddDatasetBuffer(dataset, aclCreateDataBuffer(block, bytes)));
  }
};

#endif  // TEST_SIMULATOR_LOADED_MODEL_H_
