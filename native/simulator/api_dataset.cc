// Data buffers, datasets, tensor descriptions.
#include <cstring>

#include "../acl_error_codes.h"
#include "call.h"
#include "ledger.h"
#include "objects.h"
#include "process.h"
#include "text.h"

using namespace sim;

namespace {

aclError invalidIndex(size_t index, size_t count) {
  return fail(acl::ACL_ERROR_INVALID_PARAM, "EH0001",
              format("Index %zu is invalid: the valid range is [0, %zu).", index, count));
}

/** An open size makes it 0, as ACL has it. */
size_t countElements(const aclTensorDesc &description) {
  const int64_t count = elementCount(description.dims);
  return count < 0 ? 0 : static_cast<size_t>(count);
}

aclTensorDesc *elementOf(aclTensorDesc *array, size_t index) {
  if (array == nullptr || index == 0) return array;
  return index <= array->others.size() ? &array->others[index - 1] : nullptr;
}

}  // namespace

extern "C" {

aclDataBuffer *aclCreateDataBuffer(void *data, size_t size) {
  return invokeOr<aclDataBuffer *>("aclCreateDataBuffer", nullptr, [&] {
    auto *buffer = new aclDataBuffer{data, size};
    ++ledger().live.dataBuffers;
    return buffer;
  });
}

aclError aclDestroyDataBuffer(const aclDataBuffer *dataBuffer) {
  return invoke("aclDestroyDataBuffer", [&]() -> aclError {
    if (dataBuffer == nullptr) return nullArgument("dataBuffer");
    delete dataBuffer;
    --ledger().live.dataBuffers;
    return 0;
  });
}

aclError aclUpdateDataBuffer(aclDataBuffer *dataBuffer, void *data, size_t size) {
  return invoke("aclUpdateDataBuffer", [&]() -> aclError {
    if (dataBuffer == nullptr) return nullArgument("dataBuffer");
    *dataBuffer = {data, size};
    return 0;
  });
}

void *aclGetDataBufferAddr(const aclDataBuffer *dataBuffer) {
  return invokeOr<void *>("aclGetDataBufferAddr", nullptr,
                          [&]() -> void * { return dataBuffer == nullptr ? nullptr : dataBuffer->data; });
}

size_t aclGetDataBufferSizeV2(const aclDataBuffer *dataBuffer) {
  return invokeOr<size_t>("aclGetDataBufferSizeV2", 0,
                          [&]() -> size_t { return dataBuffer == nullptr ? 0 : dataBuffer->size; });
}

uint32_t aclGetDataBufferSize(const aclDataBuffer *dataBuffer) {
  return invokeOr<uint32_t>("aclGetDataBufferSize", 0, [&]() -> uint32_t {
    return dataBuffer == nullptr ? 0 : static_cast<uint32_t>(dataBuffer->size);
  });
}

aclmdlDataset *aclmdlCreateDataset(void) {
  return invokeOr<aclmdlDataset *>("aclmdlCreateDataset", nullptr, [] {
    auto *dataset = new aclmdlDataset();
    ++ledger().live.datasets;
    return dataset;
  });
}

aclError aclmdlDestroyDataset(const aclmdlDataset *dataset) {
  return invoke("aclmdlDestroyDataset", [&]() -> aclError {
    if (dataset == nullptr) return nullArgument("dataset");
    delete dataset;
    --ledger().live.datasets;
    return 0;
  });
}

aclError aclmdlAddDatasetBuffer(aclmdlDataset *dataset, aclDataBuffer *dataBuffer) {
  return invoke("aclmdlAddDatasetBuffer", [&]() -> aclError {
    if (dataset == nullptr) return nullArgument("dataset");
    if (dataBuffer == nullptr) return nullArgument("dataBuffer");
    dataset->entries.push_back({dataBuffer, nullptr});
    return 0;
  });
}

size_t aclmdlGetDatasetNumBuffers(const aclmdlDataset *dataset) {
  return invokeOr<size_t>("aclmdlGetDatasetNumBuffers", 0,
                          [&]() -> size_t { return dataset == nullptr ? 0 : dataset->entries.size(); });
}

aclDataBuffer *aclmdlGetDatasetBuffer(const aclmdlDataset *dataset, size_t index) {
  return invokeOr<aclDataBuffer *>("aclmdlGetDatasetBuffer", nullptr, [&]() -> aclDataBuffer * {
    return dataset == nullptr || index >= dataset->entries.size() ? nullptr : dataset->entries[index].buffer;
  });
}

aclError aclmdlSetDatasetTensorDesc(aclmdlDataset *dataset, aclTensorDesc *tensorDesc, size_t index) {
  return invoke("aclmdlSetDatasetTensorDesc", [&]() -> aclError {
    if (dataset == nullptr) return nullArgument("dataset");
    if (index >= dataset->entries.size()) return invalidIndex(index, dataset->entries.size());
    dataset->entries[index].description.reset(tensorDesc == nullptr ? nullptr
                                                                    : new aclTensorDesc(*tensorDesc));
    return 0;
  });
}

aclTensorDesc *aclmdlGetDatasetTensorDesc(const aclmdlDataset *dataset, size_t index) {
  return invokeOr<aclTensorDesc *>("aclmdlGetDatasetTensorDesc", nullptr, [&]() -> aclTensorDesc * {
    return dataset == nullptr || index >= dataset->entries.size() ? nullptr
                                                                  : dataset->entries[index].description.get();
  });
}

aclTensorDesc *aclCreateTensorDesc(aclDataType dataType, int numDims, const int64_t *dims, aclFormat format) {
  return invokeOr<aclTensorDesc *>("aclCreateTensorDesc", nullptr, [&]() -> aclTensorDesc * {
    if (numDims < 0 || (numDims > 0 && dims == nullptr)) return nullptr;
    auto *description =
        new aclTensorDesc{dataType, format, numDims > 0 ? Shape(dims, dims + numDims) : Shape(), "", ""};
    ++ledger().live.tensorDescriptions;
    return description;
  });
}

void aclDestroyTensorDesc(const aclTensorDesc *desc) {
  invokeVoid("aclDestroyTensorDesc", [&] {
    if (desc == nullptr) return;
    delete desc;
    --ledger().live.tensorDescriptions;
  });
}

aclDataType aclGetTensorDescType(const aclTensorDesc *desc) {
  return invokeOr<aclDataType>("aclGetTensorDescType", ACL_DT_UNDEFINED, [&]() -> aclDataType {
    return desc == nullptr ? ACL_DT_UNDEFINED : desc->type;
  });
}

aclFormat aclGetTensorDescFormat(const aclTensorDesc *desc) {
  return invokeOr<aclFormat>("aclGetTensorDescFormat", ACL_FORMAT_UNDEFINED, [&]() -> aclFormat {
    return desc == nullptr ? ACL_FORMAT_UNDEFINED : desc->format;
  });
}

size_t aclGetTensorDescElementCount(const aclTensorDesc *desc) {
  return invokeOr<size_t>("aclGetTensorDescElementCount", 0,
                          [&]() -> size_t { return desc == nullptr ? 0 : countElements(*desc); });
}

size_t aclGetTensorDescSize(const aclTensorDesc *desc) {
  return invokeOr<size_t>("aclGetTensorDescSize", 0, [&]() -> size_t {
    return desc == nullptr ? 0 : countElements(*desc) * dataTypeBytes(desc->type);
  });
}

size_t aclGetTensorDescNumDims(const aclTensorDesc *desc) {
  return invokeOr<size_t>("aclGetTensorDescNumDims", 0, [&]() -> size_t {
    if (desc == nullptr) return 0;
    return !desc->dims.empty() && desc->dims[0] == -2 ? static_cast<size_t>(ACL_UNKNOWN_RANK)
                                                      : desc->dims.size();
  });
}

aclError aclGetTensorDescDimV2(const aclTensorDesc *desc, size_t index, int64_t *dimSize) {
  return invoke("aclGetTensorDescDimV2", [&]() -> aclError {
    if (desc == nullptr) return nullArgument("desc");
    if (dimSize == nullptr) return nullArgument("dimSize");
    if (index >= desc->dims.size()) return invalidIndex(index, desc->dims.size());
    *dimSize = desc->dims[index];
    return 0;
  });
}

int64_t aclGetTensorDescDim(const aclTensorDesc *desc, size_t index) {
  return invokeOr<int64_t>("aclGetTensorDescDim", -1, [&]() -> int64_t {
    return desc == nullptr || index >= desc->dims.size() ? -1 : desc->dims[index];
  });
}

void aclSetTensorDescName(aclTensorDesc *desc, const char *name) {
  invokeVoid("aclSetTensorDescName", [&] {
    if (desc != nullptr) desc->name = name != nullptr ? name : "";
  });
}

const char *aclGetTensorDescName(aclTensorDesc *desc) {
  return invokeOr<const char *>("aclGetTensorDescName", "",
                                [&]() -> const char * { return desc == nullptr ? "" : desc->name.c_str(); });
}

// Only what aclmdlCreateAndGetOpDesc makes is an array and has addresses.
aclTensorDesc *aclGetTensorDescByIndex(aclTensorDesc *desc, size_t index) {
  return invokeOr<aclTensorDesc *>("aclGetTensorDescByIndex", nullptr,
                                   [&]() -> aclTensorDesc * { return elementOf(desc, index); });
}

void *aclGetTensorDescAddress(const aclTensorDesc *desc) {
  return invokeOr<void *>("aclGetTensorDescAddress", nullptr,
                          [&]() -> void * { return desc == nullptr ? nullptr : desc->address; });
}

aclError aclSetTensorConst(aclTensorDesc *desc, void *dataBuffer, size_t length) {
  return invoke("aclSetTensorConst", [&]() -> aclError {
    if (desc == nullptr) return nullArgument("desc");
    if (dataBuffer == nullptr || length == 0) return nullArgument("dataBuffer");
    desc->constant.assign(static_cast<const char *>(dataBuffer), length);
    return 0;
  });
}

}  // extern "C"
