// Loading, describing and executing models of one shape.
#include <stdint.h>
#include <time.h>

#include <thread>
#include <vector>

#include "cases.h"
#include "loaded_model.h"

namespace {

std::vector<char> readAll(const char *path) {
  FILE *file = fopen(path, "rb");
  CHECK(file != nullptr);
  std::vector<char> bytes;
  char buffer[4096];
  for (size_t count = 0; (count = fread(buffer, 1, sizeof buffer, file)) > 0;)
    bytes.insert(bytes.end(), buffer, buffer + count);
  fclose(file);
  return bytes;
}

bool recentSays(const char *text) {
  const char *message = aclGetRecentErrMsg();
  return message != nullptr && strstr(message, text) != nullptr;
}

}  // namespace

CASE("ids count from 1, models run, and can be unloaded once", "") {
  LoadedModel first(modelPath("OM_ADD"));
  LoadedModel second(modelPath("OM_ADD"));
  CHECK(first.id == 1 && second.id == 2);
  const float a[6] = {1, 2, 3, 4, 5, 6};
  const float b[6] = {10, 20, 30, 40, 50, 60};
  first.set(0, a, sizeof a);
  first.set(1, b, sizeof b);
  OK(aclmdlExecute(first.id, first.input, first.output));
  CHECK((first.get(0, 6) == std::vector<float>{11, 22, 33, 44, 55, 66}));
  OK(aclmdlUnload(first.id));
  CODE(145003, aclmdlUnload(first.id));
  CODE(145003, aclmdlExecute(first.id, first.input, first.output));
  CODE(145003, aclmdlGetDesc(first.description, first.id));
  OK(aclmdlExecute(second.id, second.input, second.output));
}

CASE("a model from memory needs its bytes during the call only", "") {
  begin();
  std::vector<char> bytes = readAll(modelPath("OM_TWO"));
  uint32_t id = 0;
  OK(aclmdlLoadFromMem(bytes.data(), bytes.size(), &id));
  bytes.assign(bytes.size(), 0);
  aclmdlDesc *description = aclmdlCreateDesc();
  OK(aclmdlGetDesc(description, id));
  CHECK(aclmdlGetNumOutputs(description) == 2);
  CODE(100000, aclmdlLoadFromMem(bytes.data(), 0, &id));
  CODE(100000, aclmdlLoadFromMem(nullptr, 1, &id));
  CODE(145006, aclmdlLoadFromMem(bytes.data(), bytes.size(), &id));
  CODE(145006, aclmdlLoadFromMem(bytes.data(), 1, &id));
}

CASE("what is wrong with a file has a code", "") {
  begin();
  uint32_t id = 0;
  CODE(100000, aclmdlLoadFromFile(nullptr, &id));
  CODE(100000, aclmdlLoadFromFile(modelPath("OM_ADD"), nullptr));
  CODE(145002, aclmdlLoadFromFile("/nowhere/model.om", &id));
  CODE(145002, aclmdlLoadFromFile("/", &id));
  CODE(145002, aclmdlLoadFromFile("/dev/null", &id));
  CODE(145002, aclmdlLoadFromFile(modelPath("BAD_EMPTY"), &id));
  CODE(145006, aclmdlLoadFromFile(modelPath("BAD_TRUNCATED"), &id));
  CODE(145006, aclmdlLoadFromFile(modelPath("BAD_MAGIC"), &id));
  CODE(145006, aclmdlLoadFromFile(modelPath("BAD_CLAIM"), &id));
  CODE(145000, aclmdlLoadFromFile(modelPath("BAD_VERSION"), &id));
  CODE(545002, aclmdlLoadFromFile(modelPath("BAD_BYTE"), &id));
  CODE(545001, aclmdlLoadFromFile(modelPath("BAD_GRAPH"), &id));
  for (const char *lines : {"LINES_GEAR_FIRST", "LINES_INPUT_LAST", "LINES_OUTPUT_LAST", "LINES_TWO_INPUTS",
                            "LINES_MORE_OUTPUTS", "LINES_TWO_GEARS", "LINES_TWO_NAMES"})
    CODE(545002, aclmdlLoadFromFile(modelPath(lines), &id));
  aclGetRecentErrMsg();
  CODE(545001, aclmdlLoadFromFile(modelPath("GRAPH_WITHOUT_WEIGHTS"), &id));
  CHECK(recentSays("weights are not in the model"));
  uint32_t whole = 0;
  CODE(0, aclmdlLoadFromFile(modelPath("LINES_AS_BEFORE"), &whole));
  CODE(0, aclmdlUnload(whole));
  aclGetRecentErrMsg();
  CODE(545001, aclmdlLoadFromFile(modelPath("OM_OTHER_SOC"), &id));
  CHECK(recentSays("soc version"));
  CHECK(id == 0);
}

CASE("a model of another SoC runs on that SoC", "ACL_SIM_SOC=Ascend310P1") {
  LoadedModel model(modelPath("OM_OTHER_SOC"));
  OK(aclmdlExecute(model.id, model.input, model.output));
  CHECK(strcmp(aclrtGetSocName(), "Ascend310P1") == 0);
}

CASE("models take device memory, and too little of it answers 245002", "ACL_SIM_MEMORY_MB=3") {
  LoadedModel first(modelPath("OM_ADD"));
  uint32_t id = 0;
  OK(aclmdlLoadFromFile(modelPath("OM_ADD"), &id));
  CODE(245002, aclmdlLoadFromFile(modelPath("OM_ADD"), &id));
  first.release();
  OK(aclmdlLoadFromFile(modelPath("OM_ADD"), &id));
}

CASE("work and weight memory can be the caller's", "") {
  begin();
  size_t work = 0;
  size_t weight = 0;
  OK(aclmdlQuerySize(modelPath("OM_WEIGHTS"), &work, &weight));
  CHECK(work > 0 && weight == 6);
  void *workMemory = nullptr;
  void *weightMemory = nullptr;
  OK(aclrtMalloc(&workMemory, work, ACL_MEM_MALLOC_HUGE_FIRST));
  OK(aclrtMalloc(&weightMemory, weight, ACL_MEM_MALLOC_HUGE_FIRST));
  size_t before = 0;
  size_t after = 0;
  size_t total = 0;
  OK(aclrtGetMemInfo(ACL_DDR_MEM, &before, &total));
  uint32_t id = 0;
  OK(aclmdlLoadFromFileWithMem(modelPath("OM_WEIGHTS"), &id, workMemory, work, weightMemory, weight));
  OK(aclrtGetMemInfo(ACL_DDR_MEM, &after, &total));
  CHECK(before == after);
  CODE(145000, aclmdlLoadFromFileWithMem(modelPath("OM_WEIGHTS"), &id, workMemory, work - 1, nullptr, 0));
  CODE(145000, aclmdlLoadFromFileWithMem(modelPath("OM_WEIGHTS"), &id, &id, work, nullptr, 0));
  const std::vector<char> bytes = readAll(modelPath("OM_WEIGHTS"));
  OK(aclmdlLoadFromMemWithMem(bytes.data(), bytes.size(), &id, workMemory, work, nullptr, 0));
  OK(aclmdlQuerySizeFromMem(bytes.data(), bytes.size(), &work, &weight));
}

CASE("loading by a configuration handle", "") {
  begin();
  aclmdlConfigHandle *handle = aclmdlCreateConfigHandle();
  uint32_t id = 0;
  CODE(100000, aclmdlLoadWithConfig(handle, &id));
  size_t type = ACL_MDL_LOAD_FROM_FILE;
  OK(aclmdlSetConfigOpt(handle, ACL_MDL_LOAD_TYPE_SIZET, &type, sizeof type));
  CODE(100000, aclmdlLoadWithConfig(handle, &id));
  const char *path = modelPath("OM_ADD");
  CODE(100000, aclmdlSetConfigOpt(handle, ACL_MDL_PATH_PTR, &path, 4));
  OK(aclmdlSetConfigOpt(handle, ACL_MDL_PATH_PTR, &path, sizeof path));
  int32_t priority = 8;
  CODE(100000, aclmdlSetConfigOpt(handle, ACL_MDL_PRIORITY_INT32, &priority, sizeof priority));
  priority = 0;
  OK(aclmdlSetConfigOpt(handle, ACL_MDL_PRIORITY_INT32, &priority, sizeof priority));
  OK(aclmdlLoadWithConfig(handle, &id));
  std::vector<char> bytes = readAll(path);
  const void *address = bytes.data();
  size_t size = bytes.size();
  type = ACL_MDL_LOAD_FROM_MEM;
  OK(aclmdlSetConfigOpt(handle, ACL_MDL_LOAD_TYPE_SIZET, &type, sizeof type));
  OK(aclmdlSetConfigOpt(handle, ACL_MDL_MEM_ADDR_PTR, &address, sizeof address));
  CODE(100000, aclmdlLoadWithConfig(handle, &id));
  OK(aclmdlSetConfigOpt(handle, ACL_MDL_MEM_SIZET, &size, sizeof size));
  OK(aclmdlLoadWithConfig(handle, &id));
  OK(aclmdlDestroyConfigHandle(handle));
}

CASE("a static model's description", "") {
  LoadedModel model(modelPath("OM_ADD"));
  aclmdlDesc *d = model.description;
  CHECK(aclmdlGetNumInputs(d) == 2 && aclmdlGetNumOutputs(d) == 1);
  CHECK(aclmdlGetInputSizeByIndex(d, 0) == 24 && aclmdlGetOutputSizeByIndex(d, 0) == 24);
  CHECK(aclmdlGetInputSizeByIndex(d, 2) == 0 && aclmdlGetOutputSizeByIndex(d, 1) == 0);
  CHECK(strcmp(aclmdlGetInputNameByIndex(d, 1), "b") == 0 &&
        strcmp(aclmdlGetInputNameByIndex(d, 2), "") == 0);
  CHECK(strcmp(aclmdlGetOutputNameByIndex(d, 0), "Add_0:0:sum") == 0);
  CHECK(aclmdlGetInputDataType(d, 0) == ACL_FLOAT && aclmdlGetInputDataType(d, 2) == ACL_DT_UNDEFINED);
  CHECK(aclmdlGetOutputDataType(d, 0) == ACL_FLOAT && aclmdlGetOutputDataType(d, 1) == ACL_DT_UNDEFINED);
  CHECK(aclmdlGetInputFormat(d, 0) == ACL_FORMAT_ND && aclmdlGetInputFormat(d, 9) == ACL_FORMAT_UNDEFINED);
  CHECK(aclmdlGetOutputFormat(d, 0) == ACL_FORMAT_ND && aclmdlGetOutputFormat(d, 9) == ACL_FORMAT_UNDEFINED);
  CHECK((model.inputDims(0) == Dims{2, 3}));
  aclmdlIODims dims;
  OK(aclmdlGetInputDimsV2(d, 1, &dims));
  CHECK(strcmp(dims.name, "b") == 0);
  OK(aclmdlGetOutputDims(d, 0, &dims));
  CHECK(dims.dimCount == 2 && dims.dims[1] == 3);
  CHECK((model.currentOutputDims(0) == Dims{2, 3}));
  CODE(100000, aclmdlGetInputDims(d, 2, &dims));
  CODE(100000, aclmdlGetOutputDims(d, 1, &dims));
  CODE(100000, aclmdlGetInputDims(d, 0, nullptr));
  CODE(100000, aclmdlGetInputDims(nullptr, 0, &dims));
  size_t index = 9;
  OK(aclmdlGetInputIndexByName(d, "b", &index));
  CHECK(index == 1);
  OK(aclmdlGetOutputIndexByName(d, "Add_0:0:sum", &index));
  CHECK(index == 0);
  CODE(100000, aclmdlGetInputIndexByName(d, "c", &index));
  CODE(100000, aclmdlGetInputIndexByName(d, ACL_DYNAMIC_TENSOR_NAME, &index));
  aclmdlBatch batch;
  OK(aclmdlGetDynamicBatch(d, &batch));
  CHECK(batch.batchCount == 0);
  aclmdlHW hw;
  OK(aclmdlGetDynamicHW(d, SIZE_MAX, &hw));
  CHECK(hw.hwCount == 0);
  size_t gears = 9;
  OK(aclmdlGetInputDynamicGearCount(d, SIZE_MAX, &gears));
  CHECK(gears == 0);
  CODE(100000, aclmdlGetInputDynamicGearCount(d, 0, &gears));
  aclmdlInputAippType aipp = ACL_DYNAMIC_AIPP_NODE;
  OK(aclmdlGetAippType(model.id, 0, &aipp, &index));
  CHECK(aipp == ACL_DATA_WITHOUT_AIPP && index == 0xFFFFFFFF);
  CHECK(aclmdlGetNumInputs(nullptr) == 0);
  aclmdlDesc *fromFile = aclmdlCreateDesc();
  OK(aclmdlGetDescFromFile(fromFile, modelPath("OM_ADD")));
  CHECK(aclmdlGetNumInputs(fromFile) == 2);
  CODE(145003, aclmdlGetCurOutputDims(fromFile, 0, &dims));
}

CASE("a name that does not fit into dims has a short one, and the real one can be asked for", "") {
  LoadedModel model(modelPath("OM_LONG_NAME"));
  aclmdlIODims dims;
  OK(aclmdlGetInputDims(model.description, 0, &dims));
  CHECK(strcmp(dims.name, "acl_modelId_1_input_0") == 0);
  const char *real = aclmdlGetTensorRealName(model.description, dims.name);
  CHECK(real != nullptr && strlen(real) == 150);
  CHECK(strcmp(real, aclmdlGetInputNameByIndex(model.description, 0)) == 0);
}

CASE("all the types JavaScript can hold go through unchanged", "") {
  LoadedModel model(modelPath("OM_TYPES"));
  const aclDataType types[] = {ACL_INT64, ACL_FLOAT16, ACL_DOUBLE, ACL_UINT8, ACL_BOOL};
  const size_t sizes[] = {16, 4, 16, 2, 2};
  for (size_t i = 0; i < 5; ++i) {
    CHECK(aclmdlGetInputDataType(model.description, i) == types[i]);
    CHECK(aclmdlGetInputSizeByIndex(model.description, i) == sizes[i]);
    const unsigned char bytes[16] = {1, 0, 1, 1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
    model.set(i, bytes, sizes[i]);
  }
  OK(aclmdlExecute(model.id, model.input, model.output));
  for (size_t i = 0; i < 5; ++i) {
    unsigned char bytes[16] = {};
    OK(aclrtMemcpy(bytes, sizes[i], model.address(model.output, i), sizes[i], ACL_MEMCPY_DEVICE_TO_HOST));
    CHECK(bytes[0] == 1 && bytes[1] == 0);
  }
}

CASE("datasets are checked: NULL 100000, counts and sizes 145000", "") {
  LoadedModel model(modelPath("OM_WIDE"));
  CODE(100000, aclmdlExecute(model.id, nullptr, model.output));
  CODE(100000, aclmdlExecute(model.id, model.input, nullptr));
  aclmdlDataset *empty = aclmdlCreateDataset();
  CODE(145000, aclmdlExecute(model.id, empty, model.output));
  CODE(145000, aclmdlExecute(model.id, model.input, empty));
  aclDataBuffer *buffer = aclmdlGetDatasetBuffer(model.input, 0);
  void *address = aclGetDataBufferAddr(buffer);
  // 400 bytes are needed; up to 64 fewer pass.
  OK(aclUpdateDataBuffer(buffer, address, 336));
  OK(aclmdlExecute(model.id, model.input, model.output));
  OK(aclUpdateDataBuffer(buffer, address, 335));
  CODE(145000, aclmdlExecute(model.id, model.input, model.output));
  OK(aclUpdateDataBuffer(buffer, address, 4000));
  OK(aclmdlExecute(model.id, model.input, model.output));
}

CASE("host memory, freed memory and the end of a block are found out on the device: 507015", "") {
  LoadedModel model(modelPath("OM_WIDE"));
  aclDataBuffer *buffer = aclmdlGetDatasetBuffer(model.input, 0);
  char *address = static_cast<char *>(aclGetDataBufferAddr(buffer));
  std::vector<float> host(100);
  OK(aclUpdateDataBuffer(buffer, host.data(), 400));
  CODE(507015, aclmdlExecute(model.id, model.input, model.output));
  OK(aclUpdateDataBuffer(buffer, address + 128, 400));
  CODE(507015, aclmdlExecute(model.id, model.input, model.output));
  void *large = nullptr;
  OK(aclrtMalloc(&large, 4096, ACL_MEM_MALLOC_HUGE_FIRST));
  OK(aclUpdateDataBuffer(buffer, static_cast<char *>(large) + 512, 400));
  OK(aclmdlExecute(model.id, model.input, model.output));
  OK(aclUpdateDataBuffer(buffer, address, 400));
  OK(aclrtFree(address));
  CODE(507015, aclmdlExecute(model.id, model.input, model.output));
}

CASE("a model is unloaded in any context", "") {
  LoadedModel model(modelPath("OM_ADD"));
  aclrtContext other = nullptr;
  OK(aclrtCreateContext(&other, 0));
  OK(aclmdlUnload(model.id));
  CODE(145003, aclmdlUnload(model.id));
}

CASE("a tensor larger than all memory is refused", "") {
  begin();
  const int64_t dims[] = {1};
  aclTensorDesc *description = aclCreateTensorDesc(ACL_FLOAT, 1, dims, ACL_FORMAT_ND);
  char byte = 0;
  CODE(200000, aclSetTensorConst(description, &byte, SIZE_MAX));
  aclDestroyTensorDesc(description);
}

CASE("a model belongs to the context it was loaded in", "") {
  LoadedModel model(modelPath("OM_ADD"));
  aclrtContext other = nullptr;
  OK(aclrtCreateContext(&other, 0));
  CODE(107004, aclmdlExecute(model.id, model.input, model.output));
  std::thread([&] { CODE(107002, aclmdlExecute(model.id, model.input, model.output)); }).join();
  OK(aclrtSetDevice(0));
  OK(aclmdlExecute(model.id, model.input, model.output));
  std::thread([&] {
    OK(aclrtSetDevice(0));
    OK(aclmdlExecute(model.id, model.input, model.output));
    uint32_t id = 0;
    OK(aclrtDestroyContext(other));
    OK(aclrtSetCurrentContext(other));
    CODE(107002, aclmdlLoadFromFile(modelPath("OM_ADD"), &id));
  }).join();
}

CASE("tensor descriptions", "") {
  CHECK(aclCreateTensorDesc(ACL_FLOAT, -1, nullptr, ACL_FORMAT_ND) == nullptr);
  CHECK(aclCreateTensorDesc(ACL_FLOAT, 1, nullptr, ACL_FORMAT_ND) == nullptr);
  aclTensorDesc *scalar = aclCreateTensorDesc(ACL_INT64, 0, nullptr, ACL_FORMAT_ND);
  CHECK(aclGetTensorDescElementCount(scalar) == 1 && aclGetTensorDescSize(scalar) == 8);
  const int64_t open[2] = {-1, 4};
  aclTensorDesc *unknown = aclCreateTensorDesc(ACL_FLOAT16, 2, open, ACL_FORMAT_NCHW);
  CHECK(aclGetTensorDescElementCount(unknown) == 0 && aclGetTensorDescSize(unknown) == 0);
  CHECK(aclGetTensorDescType(unknown) == ACL_FLOAT16 && aclGetTensorDescFormat(unknown) == ACL_FORMAT_NCHW);
  CHECK(aclGetTensorDescDim(unknown, 1) == 4 && aclGetTensorDescDim(unknown, 2) == -1);
  int64_t size = 0;
  CODE(100000, aclGetTensorDescDimV2(unknown, 2, &size));
  const int64_t rank[1] = {-2};
  CHECK(aclGetTensorDescNumDims(aclCreateTensorDesc(ACL_FLOAT, 1, rank, ACL_FORMAT_ND)) == ACL_UNKNOWN_RANK);
  aclSetTensorDescName(scalar, "name");
  CHECK(strcmp(aclGetTensorDescName(scalar), "name") == 0 && strcmp(aclGetTensorDescName(nullptr), "") == 0);
  CHECK(aclGetTensorDescType(nullptr) == ACL_DT_UNDEFINED && aclGetTensorDescSize(nullptr) == 0);
}

CASE("data buffers and datasets", "") {
  char data[8];
  aclDataBuffer *buffer = aclCreateDataBuffer(data, 8);
  CHECK(aclGetDataBufferAddr(buffer) == data && aclGetDataBufferSizeV2(buffer) == 8 &&
        aclGetDataBufferSize(buffer) == 8);
  CHECK(aclGetDataBufferAddr(nullptr) == nullptr && aclGetDataBufferSizeV2(nullptr) == 0);
  CODE(100000, aclDestroyDataBuffer(nullptr));
  aclmdlDataset *dataset = aclmdlCreateDataset();
  CODE(100000, aclmdlAddDatasetBuffer(dataset, nullptr));
  OK(aclmdlAddDatasetBuffer(dataset, buffer));
  OK(aclDestroyDataBuffer(buffer));
  CHECK(aclmdlGetDatasetNumBuffers(dataset) == 1 && aclmdlGetDatasetBuffer(dataset, 1) == nullptr);
  OK(aclmdlDestroyDataset(dataset));
}

CASE("an execution onnxruntime cannot do answers 507011 with its reason", "") {
  LoadedModel model(modelPath("OM_GATHER"));
  const int64_t outside = 7;
  model.set(0, &outside, sizeof outside);
  CODE(507011, aclmdlExecute(model.id, model.input, model.output));
  CHECK(recentSays("out of data bounds") || recentSays("indices"));
}

CASE("a process may end while a model computes", "") {
  LoadedModel model(modelPath("OM_SLOW"));
  // 0.3 ms each on one core: some tenths of a second.
  const int64_t rounds = 1000;
  size_t roundsInput = 0;
  for (size_t i = 0; i < aclmdlGetNumInputs(model.description); ++i)
    if (aclmdlGetInputDataType(model.description, i) == ACL_INT64) roundsInput = i;
  model.set(roundsInput, &rounds, sizeof rounds);
  std::thread([&] {
    OK(aclrtSetDevice(0));
    for (;;) aclmdlExecute(model.id, model.input, model.output);
  }).detach();
  const timespec pause{0, 50'000'000};
  nanosleep(&pause, nullptr);
  exit(0);
}

CASE("a description changed at any place is refused or used, and harms nobody", "ACL_SIM_EXEC_US=0") {
  begin();
  std::vector<char> bytes = readAll(modelPath("OM_BATCH"));
  constexpr size_t headerBytes = 48;
  const auto crc32 = [](const char *data, size_t size) {
    uint32_t crc = 0xFFFFFFFF;
    for (size_t i = 0; i < size; ++i) {
      crc ^= static_cast<unsigned char>(data[i]);
      for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320 : 0);
    }
    return ~crc;
  };
  uint64_t infoBytes = 0;
  memcpy(&infoBytes, &bytes[24], sizeof infoBytes);
  size_t used = 0;
  for (size_t at = headerBytes; at < headerBytes + infoBytes; ++at)
    for (const char change : {'\0', '\t', '\n', ',', ';', '-', '9', '%', '\xff'}) {
      const char before = bytes[at];
      bytes[at] = change;
      const uint32_t crc = crc32(&bytes[headerBytes], bytes.size() - headerBytes);
      memcpy(&bytes[40], &crc, sizeof crc);
      uint32_t id = 0;
      const aclError code = aclmdlLoadFromMem(bytes.data(), bytes.size(), &id);
      if (code == 0) {
        ++used;
        aclmdlDesc *description = aclmdlCreateDesc();
        OK(aclmdlGetDesc(description, id));
        aclmdlIODims dims;
        for (size_t i = 0; i < aclmdlGetNumInputs(description); ++i) {
          aclmdlGetInputSizeByIndex(description, i);
          OK(aclmdlGetInputDims(description, i, &dims));
        }
        for (size_t i = 0; i < aclmdlGetNumOutputs(description); ++i) {
          aclmdlGetOutputSizeByIndex(description, i);
          OK(aclmdlGetOutputDims(description, i, &dims));
        }
        OK(aclmdlDestroyDesc(description));
        OK(aclmdlUnload(id));
      } else {
        CHECK(code == 545001 || code == 545002 || code == 245002);
      }
      bytes[at] = before;
    }
  CHECK(used > 0);
}

CASE("weights are rounded to half precision", "") {
  LoadedModel model(modelPath("OM_WEIGHTS"));
  const float ones[3] = {1, 1, 1};
  model.set(0, ones, sizeof ones);
  OK(aclmdlExecute(model.id, model.input, model.output));
  CHECK((model.get(0, 3) == std::vector<float>{0.0999755859375F, 65504, 0}));
}

CASE("everything released leaves nothing behind", "") {
  LoadedModel model(modelPath("OM_BATCH"));
  OK(aclmdlSetDynamicBatchSize(model.id, model.input, 2, 2));
  OK(aclmdlExecute(model.id, model.input, model.output));
  model.release();
  OK(aclrtResetDevice(0));
  OK(aclFinalize());
}

CASE("a program that forgets everything", "") {
  LoadedModel model(modelPath("OM_ADD"));
  aclrtStream stream = nullptr;
  aclrtEvent event = nullptr;
  aclrtContext context = nullptr;
  void *pinned = nullptr;
  OK(aclrtCreateStream(&stream));
  OK(aclrtCreateEvent(&event));
  OK(aclrtMallocHost(&pinned, 100));
  char host[8];
  CODE(107000, aclrtFree(host));
  OK(aclrtCreateContext(&context, 0));
  CODE(107004, aclmdlExecute(model.id, model.input, model.output));
  OK(aclFinalize());
}

int main(int count, char **arguments) {
  return runCases(count, arguments);
}
