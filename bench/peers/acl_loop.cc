// What a C++ program pays for the same work as AclSession.run: the caller's samples into pinned memory, to
// the device, execute, back, and into memory of the caller's own. Reads a number of runs a line, answers with
// microseconds a run.
//   acl_loop <libascendcl.so> <model.om>
#include <dlfcn.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "../../native/acl_abi.h"

namespace {

void Check(aclError code, const char *call) {
  if (code == 0) return;
  std::fprintf(stderr, "%s: %d\n", call, code);
  std::exit(1);
}
#define TRY(name, ...) Check(name##_(__VA_ARGS__), #name)

struct Tensor {
  size_t bytes;
  void *device;
  void *host;
};

}  // namespace

int main(int argc, char **argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: acl_loop <libascendcl.so> <model.om>\n");
    return 1;
  }
  void *library = dlopen(argv[1], RTLD_NOW | RTLD_GLOBAL);
  if (library == nullptr) {
    std::fprintf(stderr, "%s\n", dlerror());
    return 1;
  }
  // Only the types of these functions are needed, so nothing is linked.
#define CALL(name) const auto name##_ = reinterpret_cast<decltype(&::name)>(dlsym(library, #name))
  CALL(aclInit);
  CALL(aclrtSetDevice);
  CALL(aclrtCreateContext);
  CALL(aclmdlLoadFromFile);
  CALL(aclmdlCreateDesc);
  CALL(aclmdlGetDesc);
  CALL(aclmdlGetNumInputs);
  CALL(aclmdlGetNumOutputs);
  CALL(aclmdlGetInputSizeByIndex);
  CALL(aclmdlGetOutputSizeByIndex);
  CALL(aclmdlCreateDataset);
  CALL(aclmdlAddDatasetBuffer);
  CALL(aclCreateDataBuffer);
  CALL(aclrtMalloc);
  CALL(aclrtMallocHost);
  CALL(aclrtMemcpy);
  CALL(aclmdlExecute);

  TRY(aclInit, nullptr);
  TRY(aclrtSetDevice, 0);
  aclrtContext context = nullptr;
  TRY(aclrtCreateContext, &context, 0);
  uint32_t model = 0;
  TRY(aclmdlLoadFromFile, argv[2], &model);
  aclmdlDesc *description = aclmdlCreateDesc_();
  TRY(aclmdlGetDesc, description, model);

  const auto make = [&](size_t count, auto sizeOf, aclmdlDataset *dataset) {
    std::vector<Tensor> tensors;
    for (size_t i = 0; i < count; ++i) {
      Tensor tensor = {sizeOf(description, i), nullptr, nullptr};
      TRY(aclrtMalloc, &tensor.device, tensor.bytes, ACL_MEM_MALLOC_HUGE_FIRST);
      TRY(aclrtMallocHost, &tensor.host, tensor.bytes);
      TRY(aclmdlAddDatasetBuffer, dataset, aclCreateDataBuffer_(tensor.device, tensor.bytes));
      tensors.push_back(tensor);
    }
    return tensors;
  };
  aclmdlDataset *inputSet = aclmdlCreateDataset_();
  aclmdlDataset *outputSet = aclmdlCreateDataset_();
  const auto inputs = make(aclmdlGetNumInputs_(description), aclmdlGetInputSizeByIndex_, inputSet);
  const auto outputs = make(aclmdlGetNumOutputs_(description), aclmdlGetOutputSizeByIndex_, outputSet);
  std::vector<std::vector<char>> samples;
  for (const Tensor &input : inputs) samples.emplace_back(input.bytes, 1);

  long runs = 0;
  while (std::scanf("%ld", &runs) == 1) {
    std::vector<double> times;
    for (long run = 0; run < runs; ++run) {
      const auto begin = std::chrono::steady_clock::now();
      for (size_t i = 0; i < inputs.size(); ++i) {
        std::memcpy(inputs[i].host, samples[i].data(), inputs[i].bytes);
        TRY(aclrtMemcpy, inputs[i].device, inputs[i].bytes, inputs[i].host, inputs[i].bytes,
            ACL_MEMCPY_HOST_TO_DEVICE);
      }
      TRY(aclmdlExecute, model, inputSet, outputSet);
      std::vector<std::unique_ptr<char[]>> results;
      for (const Tensor &output : outputs) {
        TRY(aclrtMemcpy, output.host, output.bytes, output.device, output.bytes, ACL_MEMCPY_DEVICE_TO_HOST);
        results.emplace_back(new char[output.bytes]);
        std::memcpy(results.back().get(), output.host, output.bytes);
      }
      times.push_back(
          std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count());
    }
    std::nth_element(times.begin(), times.begin() + times.size() / 2, times.end());
    std::printf("%.3f\n", times[times.size() / 2]);
    std::fflush(stdout);
  }
  return 0;
}
