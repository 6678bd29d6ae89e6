// The table of AscendCL functions in use. Their types come from the declarations in acl_abi.h, their
// addresses from the library that is found at run time: nothing is linked against CANN.
#pragma once

#include <string>
#include <vector>

#include "acl_abi.h"

namespace ascend {

// In every CANN from 6.0 on; without one of them a library is of no use.
#define ASCEND_CORE_SYMBOLS(SYMBOL)      \
  SYMBOL(aclInit)                        \
  SYMBOL(aclGetRecentErrMsg)             \
  SYMBOL(aclrtGetDeviceCount)            \
  SYMBOL(aclrtGetSocName)                \
  SYMBOL(aclrtSetDevice)                 \
  SYMBOL(aclrtResetDevice)               \
  SYMBOL(aclrtCreateContext)             \
  SYMBOL(aclrtDestroyContext)            \
  SYMBOL(aclrtSetCurrentContext)         \
  SYMBOL(aclrtCreateStream)              \
  SYMBOL(aclrtDestroyStream)             \
  SYMBOL(aclrtMalloc)                    \
  SYMBOL(aclrtFree)                      \
  SYMBOL(aclrtMallocHost)                \
  SYMBOL(aclrtFreeHost)                  \
  SYMBOL(aclrtMemcpy)                    \
  SYMBOL(aclmdlLoadFromFile)             \
  SYMBOL(aclmdlLoadFromMem)              \
  SYMBOL(aclmdlUnload)                   \
  SYMBOL(aclmdlCreateDesc)               \
  SYMBOL(aclmdlDestroyDesc)              \
  SYMBOL(aclmdlGetDesc)                  \
  SYMBOL(aclmdlGetNumInputs)             \
  SYMBOL(aclmdlGetNumOutputs)            \
  SYMBOL(aclmdlGetInputSizeByIndex)      \
  SYMBOL(aclmdlGetOutputSizeByIndex)     \
  SYMBOL(aclmdlGetInputNameByIndex)      \
  SYMBOL(aclmdlGetOutputNameByIndex)     \
  SYMBOL(aclmdlGetInputDataType)         \
  SYMBOL(aclmdlGetOutputDataType)        \
  SYMBOL(aclmdlGetInputFormat)           \
  SYMBOL(aclmdlGetInputDims)             \
  SYMBOL(aclmdlGetOutputDims)            \
  SYMBOL(aclmdlGetCurOutputDims)         \
  SYMBOL(aclmdlGetDynamicBatch)          \
  SYMBOL(aclmdlGetDynamicHW)             \
  SYMBOL(aclmdlGetInputDynamicGearCount) \
  SYMBOL(aclmdlGetInputDynamicDims)      \
  SYMBOL(aclmdlSetDynamicBatchSize)      \
  SYMBOL(aclmdlSetDynamicHWSize)         \
  SYMBOL(aclmdlSetInputDynamicDims)      \
  SYMBOL(aclCreateDataBuffer)            \
  SYMBOL(aclDestroyDataBuffer)           \
  SYMBOL(aclUpdateDataBuffer)            \
  SYMBOL(aclGetDataBufferAddr)           \
  SYMBOL(aclGetDataBufferSizeV2)         \
  SYMBOL(aclmdlCreateDataset)            \
  SYMBOL(aclmdlDestroyDataset)           \
  SYMBOL(aclmdlAddDatasetBuffer)         \
  SYMBOL(aclmdlSetDatasetTensorDesc)     \
  SYMBOL(aclmdlGetDatasetTensorDesc)     \
  SYMBOL(aclCreateTensorDesc)            \
  SYMBOL(aclDestroyTensorDesc)           \
  SYMBOL(aclGetTensorDescNumDims)        \
  SYMBOL(aclGetTensorDescDimV2)          \
  SYMBOL(aclmdlExecute)                  \
  SYMBOL(aclmdlExecuteAsync)

// Newer than 6.0, or not needed to run a model: null where the library has none.
#define ASCEND_OPTIONAL_SYMBOLS(SYMBOL)     \
  SYMBOL(aclrtSynchronizeStreamWithTimeout) \
  SYMBOL(aclrtStreamAbort)                  \
  SYMBOL(aclrtDestroyStreamForce)           \
  SYMBOL(aclmdlGetInputDimsV2)              \
  SYMBOL(aclrtGetVersion)

struct AclApi {
#define ASCEND_MEMBER(name) decltype(&::name) name = nullptr;
  ASCEND_CORE_SYMBOLS(ASCEND_MEMBER)
  ASCEND_OPTIONAL_SYMBOLS(ASCEND_MEMBER)
#undef ASCEND_MEMBER
};

/** Finds the address of a function by its name, or null. */
class SymbolSource {
 public:
  virtual ~SymbolSource() = default;
  virtual void *Find(const char *name) = 0;
};

/** Fills the table. Returns the names of the core functions that were not found. */
std::vector<std::string> FillApi(AclApi &api, SymbolSource &source);

}  // namespace ascend
