// Model bytes as programs give them to AscendCL: sizes asked for, loaded, described, unloaded. In latency
// mode, since what onnxruntime does with a graph is not ours.
#include <cstdlib>

#include "../acl_abi/acl.h"

namespace {

bool setUp() {
  setenv("ACL_SIM_EXEC_US", "1", 1);
  setenv("ACL_SIM_MEMORY_MB", "64", 1);
  return aclInit(nullptr) == 0 && aclrtSetDevice(0) == 0;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  static const bool ready = setUp();
  if (!ready) abort();
  size_t work = 0;
  size_t weight = 0;
  aclmdlQuerySizeFromMem(bytes, size, &work, &weight);
  uint32_t id = 0;
  if (aclmdlLoadFromMem(bytes, size, &id) != 0) return 0;
  aclmdlDesc *description = aclmdlCreateDesc();
  if (aclmdlGetDesc(description, id) == 0) {
    aclmdlIODims dims;
    for (size_t index = 0; index < aclmdlGetNumInputs(description); ++index) {
      aclmdlGetInputSizeByIndex(description, index);
      aclmdlGetInputNameByIndex(description, index);
      aclmdlGetInputDims(description, index, &dims);
    }
    for (size_t index = 0; index < aclmdlGetNumOutputs(description); ++index) {
      aclmdlGetOutputSizeByIndex(description, index);
      aclmdlGetOutputNameByIndex(description, index);
      aclmdlGetOutputDims(description, index, &dims);
    }
  }
  aclmdlDestroyDesc(description);
  if (aclmdlUnload(id) != 0) abort();
  return 0;
}
