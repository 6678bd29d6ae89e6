// The native part of the genuine benchmark: what it asks of AscendCL to load a model, run it and let it go.
#ifndef TEST_SIMULATOR_BENCHMARK_MODEL_H_
#define TEST_SIMULATOR_BENCHMARK_MODEL_H_

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "cases.h"

/** The older generation has neither saturation mode nor AIPP. */
enum class Generation { Older, Newer };

inline std::vector<int> failedTasks;

inline void rememberFailure(aclrtExceptionInfo *info) {
  aclGetTensorDescFormat(nullptr);
  failedTasks.push_back(static_cast<int>(aclrtGetTaskIdFromExceptionInfo(info)));
}

/** What --dymBatch, --dymHW or --dymDims ask for; a static model is asked nothing. */
struct Gear {
  uint64_t batch = 0;
  uint64_t height = 0;
  uint64_t width = 0;
  std::vector<int64_t> dims;
};

/** Process-wide, as its device manager: initialises once, sets the device. */
inline void start(Generation generation, int32_t device) {
  OK(aclInit(""));
  if (generation == Generation::Newer) OK(aclrtSetDeviceSatMode(ACL_RT_OVERFLOW_MODE_INFNAN));
  uint32_t count = 0;
  OK(aclrtGetDeviceCount(&count));
  CHECK(static_cast<uint32_t>(device) < count);
  OK(aclrtSetDevice(device));
}

struct Result {
  std::vector<std::vector<char>> outputs;
  std::vector<aclmdlIODims> dims;
};

class Model {
 public:
  Model(Generation generation, int32_t device, const char *path) {
    // It becomes current by being made; nobody sets it.
    OK(aclrtCreateContext(&context, device));
    OK(aclmdlLoadFromFile(path, &id));
    description = aclmdlCreateDesc();
    OK(aclmdlGetDesc(description, id));
    size_t gears = 99;
    OK(aclmdlGetInputDynamicGearCount(description, static_cast<size_t>(-1), &gears));
    for (size_t i = 0; i < aclmdlGetNumInputs(description); ++i) {
      CHECK(aclmdlGetInputNameByIndex(description, i) != nullptr);
      CHECK(aclmdlGetInputDataType(description, i) != ACL_DT_UNDEFINED);
      CHECK(aclmdlGetInputFormat(description, i) != ACL_FORMAT_UNDEFINED);
      inputBytes.push_back(aclmdlGetInputSizeByIndex(description, i));
      aclmdlIODims dims;
      OK(aclmdlGetInputDims(description, i, &dims));
      if (generation == Generation::Older) continue;
      aclmdlInputAippType type = ACL_DYNAMIC_AIPP_NODE;
      size_t attached = 0;
      OK(aclmdlGetAippType(id, i, &type, &attached));
      CHECK(type == ACL_DATA_WITHOUT_AIPP);
    }
    std::set<std::string> names;
    for (size_t i = 0; i < aclmdlGetNumOutputs(description); ++i) {
      names.insert(aclmdlGetOutputNameByIndex(description, i));
      CHECK(aclmdlGetOutputDataType(description, i) != ACL_DT_UNDEFINED);
      CHECK(aclmdlGetOutputFormat(description, i) != ACL_FORMAT_UNDEFINED);
      outputBytes.push_back(aclmdlGetOutputSizeByIndex(description, i));
      aclmdlIODims dims;
      OK(aclmdlGetOutputDims(description, i, &dims));
    }
    CHECK(names.size() == outputBytes.size());
    OK(aclrtSetExceptionInfoCallback(rememberFailure));
  }

  aclrtContext context = nullptr;
  uint32_t id = 0;
  aclmdlDesc *description = nullptr;
  std::vector<size_t> inputBytes;
  std::vector<size_t> outputBytes;

  /** Looks whether the model has the gear, and sets it. */
  void choose(const Gear &gear, aclmdlDataset *input) const {
    size_t index = 0;
    if (gear.batch != 0) {
      aclmdlBatch batches;
      OK(aclmdlGetDynamicBatch(description, &batches));
      const uint64_t *end = batches.batch + batches.batchCount;
      CHECK(std::find(static_cast<const uint64_t *>(batches.batch), end, gear.batch) != end);
      OK(aclmdlGetInputIndexByName(description, ACL_DYNAMIC_TENSOR_NAME, &index));
      OK(aclmdlSetDynamicBatchSize(id, input, index, gear.batch));
    }
    if (gear.height != 0) {
      aclmdlHW sizes;
      OK(aclmdlGetDynamicHW(description, static_cast<size_t>(-1), &sizes));
      bool found = false;
      for (size_t i = 0; i < sizes.hwCount; ++i)
        found = found || (sizes.hw[i][0] == gear.height && sizes.hw[i][1] == gear.width);
      CHECK(found);
      OK(aclmdlGetInputIndexByName(description, ACL_DYNAMIC_TENSOR_NAME, &index));
      OK(aclmdlSetDynamicHWSize(id, input, index, gear.height, gear.width));
    }
    if (!gear.dims.empty()) {
      size_t count = 0;
      OK(aclmdlGetInputDynamicGearCount(description, static_cast<size_t>(-1), &count));
      std::vector<aclmdlIODims> gears(count);
      OK(aclmdlGetInputDynamicDims(description, static_cast<size_t>(-1), gears.data(), count));
      const auto wanted = [&](const aclmdlIODims &each) {
        return std::vector<int64_t>(each.dims, each.dims + each.dimCount) == gear.dims;
      };
      const auto found = std::find_if(gears.begin(), gears.end(), wanted);
      CHECK(found != gears.end());
      OK(aclmdlGetInputIndexByName(description, ACL_DYNAMIC_TENSOR_NAME, &index));
      OK(aclmdlSetInputDynamicDims(id, input, index, &*found));
    }
  }

  /** Device memory with `data`, copied from ordinary memory. */
  static void *upload(const std::vector<char> &data) {
    void *block = nullptr;
    OK(aclrtMalloc(&block, data.size(), ACL_MEM_MALLOC_HUGE_FIRST));
    OK(aclrtMemcpy(block, data.size(), data.data(), data.size(), ACL_MEMCPY_HOST_TO_DEVICE));
    return block;
  }

  std::vector<void *> makeOutputs() const {
    std::vector<void *> blocks;
    for (const size_t bytes : outputBytes) {
      void *block = nullptr;
      OK(aclrtMalloc(&block, bytes, ACL_MEM_MALLOC_HUGE_FIRST));
      blocks.push_back(block);
    }
    return blocks;
  }

  static aclmdlDataset *makeDataset(const std::vector<void *> &blocks, const std::vector<size_t> &bytes) {
    aclmdlDataset *dataset = aclmdlCreateDataset();
    for (size_t i = 0; i < blocks.size(); ++i)
      OK(aclmdlAddDatasetBuffer(dataset, aclCreateDataBuffer(blocks[i], bytes[i])));
    return dataset;
  }

  static void destroyDataset(aclmdlDataset *dataset) {
    const size_t count = aclmdlGetDatasetNumBuffers(dataset);
    for (size_t i = 0; i < aclmdlGetDatasetNumBuffers(dataset); ++i)
      OK(aclDestroyDataBuffer(aclmdlGetDatasetBuffer(dataset, i)));
    // Of buffers that are gone the number stays.
    CHECK(aclmdlGetDatasetNumBuffers(dataset) == count);
    OK(aclmdlDestroyDataset(dataset));
  }

  /** Runs `loop` times on the same datasets; the outputs stay on the device. */
  std::vector<void *> execute(const std::vector<void *> &inputs, const std::vector<size_t> &bytes, int loop,
                              const Gear &gear, std::vector<aclmdlIODims> *dims) const {
    aclmdlDataset *input = makeDataset(inputs, bytes);
    const std::vector<void *> outputs = makeOutputs();
    aclmdlDataset *output = makeDataset(outputs, outputBytes);
    choose(gear, input);
    for (int i = 0; i < loop; ++i) OK(aclmdlExecute(id, input, output));
    for (size_t i = 0; i < outputs.size(); ++i) {
      aclDataBuffer *buffer = aclmdlGetDatasetBuffer(output, i);
      aclmdlBatch batches;
      OK(aclmdlGetDynamicBatch(description, &batches));
      CHECK((batches.batchCount > 0) == (gear.batch != 0));
      CHECK(aclGetDataBufferSizeV2(buffer) == outputBytes[i]);
      aclmdlIODims current;
      OK(aclmdlGetCurOutputDims(description, i, &current));
      dims->push_back(current);
    }
    destroyDataset(input);
    destroyDataset(output);
    return outputs;
  }

  Result infer(const std::vector<std::vector<char>> &inputs, int loop, const Gear &gear) const {
    std::vector<void *> blocks;
    std::vector<size_t> bytes;
    for (const auto &data : inputs) {
      blocks.push_back(upload(data));
      bytes.push_back(data.size());
    }
    Result result;
    const std::vector<void *> outputs = execute(blocks, bytes, loop, gear, &result.dims);
    for (void *block : blocks) OK(aclrtFree(block));
    for (size_t i = 0; i < outputs.size(); ++i) {
      void *host = nullptr;
      OK(aclrtMallocHost(&host, outputBytes[i]));
      OK(aclrtMemcpy(host, outputBytes[i], outputs[i], outputBytes[i], ACL_MEMCPY_DEVICE_TO_HOST));
      result.outputs.emplace_back(static_cast<char *>(host), static_cast<char *>(host) + outputBytes[i]);
      OK(aclrtFreeHost(host));
      OK(aclrtFree(outputs[i]));
    }
    return result;
  }

  void unload() {
    OK(aclmdlUnload(id));
    OK(aclmdlDestroyDesc(description));
    // While it is current.
    OK(aclrtDestroyContext(context));
  }
};

#endif  // TEST_SIMULATOR_BENCHMARK_MODEL_H_
