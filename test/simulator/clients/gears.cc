// Models of several shapes: gears of batches, dims, heights and widths; dynamic shapes.
#include <stdint.h>

#include <vector>

#include "cases.h"
#include "loaded_model.h"

CASE("batch gears: a hidden input, the largest by default, 145013 for others", "") {
  LoadedModel model(modelPath("OM_BATCH"));
  aclmdlDesc *d = model.description;
  CHECK(aclmdlGetNumInputs(d) == 3);
  CHECK((model.inputDims(0) == Dims{-1, 3}));
  CHECK(aclmdlGetInputSizeByIndex(d, 0) == 4 * 3 * 4 && aclmdlGetOutputSizeByIndex(d, 0) == 4 * 4);
  size_t hidden = 0;
  OK(aclmdlGetInputIndexByName(d, ACL_DYNAMIC_TENSOR_NAME, &hidden));
  CHECK(hidden == 2 && strcmp(aclmdlGetInputNameByIndex(d, 2), ACL_DYNAMIC_TENSOR_NAME) == 0);
  CHECK(aclmdlGetInputSizeByIndex(d, hidden) >= 4);
  aclmdlBatch batch;
  OK(aclmdlGetDynamicBatch(d, &batch));
  CHECK(batch.batchCount == 3 && batch.batch[0] == 1 && batch.batch[1] == 2 && batch.batch[2] == 4);
  aclmdlIODims dims;
  OK(aclmdlGetOutputDims(d, 0, &dims));
  CHECK(dims.dimCount == 1 && dims.dims[0] == 4);
  aclmdlIODimsRange range;
  OK(aclmdlGetInputDimsRange(d, 0, &range));
  CHECK(range.rangeCount == 0);
  const float left[12] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  const float right[12] = {};
  model.set(0, left, sizeof left);
  model.set(1, right, sizeof right);
  CHECK((model.currentOutputDims(0) == Dims{4}));
  OK(aclmdlExecute(model.id, model.input, model.output));
  CHECK((model.get(0, 4) == std::vector<float>{6, 15, 24, 33}));
  OK(aclrtMemset(model.address(model.output, 0), 16, 0, 16));
  OK(aclmdlSetDynamicBatchSize(model.id, model.input, hidden, 2));
  CHECK((model.currentOutputDims(0) == Dims{2}));
  OK(aclmdlExecute(model.id, model.input, model.output));
  CHECK((model.get(0, 4) == std::vector<float>{6, 15, 0, 0}));
  CODE(145013, aclmdlSetDynamicBatchSize(model.id, model.input, hidden, 3));
  CODE(100000, aclmdlSetDynamicBatchSize(model.id, model.input, hidden, 0));
  CODE(100000, aclmdlSetDynamicBatchSize(model.id, nullptr, hidden, 2));
  CODE(100000, aclmdlSetDynamicBatchSize(model.id, model.input, 3, 2));
  CODE(145013, aclmdlSetDynamicHWSize(model.id, model.input, hidden, 2, 2));
  CODE(145003, aclmdlSetDynamicBatchSize(99, model.input, hidden, 2));
  aclDataBuffer *buffer = aclmdlGetDatasetBuffer(model.input, hidden);
  void *address = aclGetDataBufferAddr(buffer);
  OK(aclUpdateDataBuffer(buffer, address, 3));
  CODE(145012, aclmdlSetDynamicBatchSize(model.id, model.input, hidden, 2));
  OK(aclUpdateDataBuffer(buffer, nullptr, 4));
  CODE(100000, aclmdlSetDynamicBatchSize(model.id, model.input, hidden, 2));
}

CASE("a smaller gear needs smaller buffers only", "") {
  LoadedModel model(modelPath("OM_BATCH"));
  OK(aclmdlSetDynamicBatchSize(model.id, model.input, 2, 1));
  void *small = nullptr;
  OK(aclrtMalloc(&small, 12, ACL_MEM_MALLOC_HUGE_FIRST));
  OK(aclUpdateDataBuffer(aclmdlGetDatasetBuffer(model.input, 0), small, 12));
  OK(aclmdlExecute(model.id, model.input, model.output));
}

CASE("gears of dims: all inputs' dims in one list", "") {
  LoadedModel model(modelPath("OM_DIMS"));
  aclmdlDesc *d = model.description;
  size_t count = 0;
  OK(aclmdlGetInputDynamicGearCount(d, SIZE_MAX, &count));
  CHECK(count == 2);
  aclmdlIODims gears[2];
  OK(aclmdlGetInputDynamicDims(d, SIZE_MAX, gears, 2));
  CHECK(gears[1].dimCount == 4 && gears[1].dims[0] == 3 && gears[1].dims[1] == 3 && gears[1].dims[2] == 3);
  CODE(100000, aclmdlGetInputDynamicDims(d, 0, gears, 2));
  CODE(100000, aclmdlGetInputDynamicDims(d, SIZE_MAX, gears, 1));
  aclmdlBatch batch;
  OK(aclmdlGetDynamicBatch(d, &batch));
  CHECK(batch.batchCount == 0);
  size_t hidden = 0;
  OK(aclmdlGetInputIndexByName(d, ACL_DYNAMIC_TENSOR_NAME, &hidden));
  OK(aclmdlSetInputDynamicDims(model.id, model.input, hidden, &gears[0]));
  CHECK((model.currentOutputDims(0) == Dims{1}));
  OK(aclmdlExecute(model.id, model.input, model.output));
  gears[0].dims[0] = 2;
  CODE(145013, aclmdlSetInputDynamicDims(model.id, model.input, hidden, &gears[0]));
}

CASE("gears of height and width", "") {
  LoadedModel model(modelPath("OM_HW"));
  aclmdlHW hw;
  OK(aclmdlGetDynamicHW(model.description, SIZE_MAX, &hw));
  CHECK(hw.hwCount == 2 && hw.hw[0][0] == 2 && hw.hw[0][1] == 3 && hw.hw[1][0] == 4 && hw.hw[1][1] == 5);
  size_t hidden = 0;
  OK(aclmdlGetInputIndexByName(model.description, ACL_DYNAMIC_TENSOR_NAME, &hidden));
  OK(aclmdlSetDynamicHWSize(model.id, model.input, hidden, 2, 3));
  const float ones[6] = {1, 1, 1, 1, 1, 1};
  model.set(0, ones, sizeof ones);
  OK(aclmdlExecute(model.id, model.input, model.output));
  CHECK((model.currentOutputDims(0) == Dims{1, 1, 2, 3}));
  CHECK((model.get(0, 6) == std::vector<float>(6, -1)));
  CODE(145013, aclmdlSetDynamicHWSize(model.id, model.input, hidden, 3, 2));
  CODE(100000, aclmdlSetDynamicHWSize(model.id, model.input, hidden, 0, 2));
}

CASE("dynamic shape: sizes 0, shapes by tensor descriptions, outputs from the runtime", "") {
  LoadedModel model(modelPath("OM_SHAPE"));
  aclmdlDesc *d = model.description;
  CHECK(model.id >= 0x80000000U);
  CHECK(aclmdlGetNumInputs(d) == 2);
  CHECK((model.inputDims(0) == Dims{-1, 3}));
  CHECK(aclmdlGetInputSizeByIndex(d, 0) == 0 && aclmdlGetOutputSizeByIndex(d, 0) == 0);
  aclmdlIODims dims;
  CODE(200001, aclmdlGetCurOutputDims(d, 0, &dims));
  aclmdlIODimsRange range;
  OK(aclmdlGetInputDimsRange(d, 0, &range));
  CHECK(range.rangeCount == 2 && range.range[0][1] == -1 && range.range[1][0] == 3 && range.range[1][1] == 3);
  CODE(100000, aclmdlExecute(model.id, model.input, model.output));
  const int64_t shape[2] = {5, 3};
  aclTensorDesc *description = aclCreateTensorDesc(ACL_FLOAT, 2, shape, ACL_FORMAT_ND);
  CHECK(aclGetTensorDescSize(description) == 60 && aclGetTensorDescElementCount(description) == 15);
  const std::vector<float> ones(15, 1);
  for (size_t i = 0; i < 2; ++i) {
    void *block = nullptr;
    OK(aclrtMalloc(&block, 60, ACL_MEM_MALLOC_HUGE_FIRST));
    OK(aclUpdateDataBuffer(aclmdlGetDatasetBuffer(model.input, i), block, 60));
    model.set(i, ones.data(), 60);
    OK(aclmdlSetDatasetTensorDesc(model.input, description, i));
  }
  CODE(100000, aclmdlSetDatasetTensorDesc(model.input, description, 2));
  aclDestroyTensorDesc(description);
  CHECK(aclmdlGetDatasetTensorDesc(model.output, 0) == nullptr);
  OK(aclmdlExecute(model.id, model.input, model.output));
  const aclTensorDesc *found = aclmdlGetDatasetTensorDesc(model.output, 0);
  int64_t size = 0;
  CHECK(aclGetTensorDescNumDims(found) == 1);
  OK(aclGetTensorDescDimV2(found, 0, &size));
  CHECK(size == 5);
  CHECK((model.get(0, 5) == std::vector<float>(5, 6)));
  // The runtime's buffer is the caller's to free.
  OK(aclrtFree(model.address(model.output, 0)));
  OK(aclUpdateDataBuffer(aclmdlGetDatasetBuffer(model.output, 0), nullptr, 0));
}

CASE("a bounded dynamic shape has the sizes of its upper bounds and refuses others", "") {
  LoadedModel model(modelPath("OM_RANGE"));
  CHECK(aclmdlGetInputSizeByIndex(model.description, 0) == 4 * 3 * 4);
  const int64_t shape[2] = {5, 3};
  aclTensorDesc *tooLarge = aclCreateTensorDesc(ACL_FLOAT, 2, shape, ACL_FORMAT_ND);
  for (size_t i = 0; i < 2; ++i) OK(aclmdlSetDatasetTensorDesc(model.input, tooLarge, i));
  CODE(100000, aclmdlExecute(model.id, model.input, model.output));
}

int main(int count, char **arguments) {
  return runCases(count, arguments);
}
