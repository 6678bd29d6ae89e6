// Image pre-processing (AIPP). Models of the simulator have none: parameters can be collected and checked,
// and not be given to a model.
#include "../acl_error_codes.h"
#include "call.h"
#include "ledger.h"
#include "model.h"
#include "objects.h"
#include "process.h"
#include "text.h"

using namespace sim;

struct aclmdlAIPP {
  uint64_t batchSize;
};

namespace {

constexpr int8_t on = 1;
constexpr int32_t largestImage = 4096;
constexpr int32_t narrowestImage = 2;

aclError invalid(const char *call, const char *what) {
  return fail(acl::ACL_ERROR_INVALID_PARAM, "EH0001", format("%s: %s is out of range.", call, what));
}

aclError setSwitch(const char *call, const aclmdlAIPP *aipp, int8_t value) {
  return invoke(call, [&]() -> aclError {
    if (aipp == nullptr) return nullArgument("aippParmsSet");
    return value < 0 || value > on ? invalid(call, "the switch") : 0;
  });
}

/** For one image of the batch. */
aclError setForImage(const char *call, const aclmdlAIPP *aipp, uint64_t batchIndex) {
  return invoke(call, [&]() -> aclError {
    if (aipp == nullptr) return nullArgument("aippParmsSet");
    return batchIndex >= aipp->batchSize ? invalid(call, "batchIndex") : 0;
  });
}

aclError setForImage(const char *call, const aclmdlAIPP *aipp, int8_t value, uint64_t batchIndex) {
  return invoke(call, [&]() -> aclError {
    if (aipp == nullptr) return nullArgument("aippParmsSet");
    if (batchIndex >= aipp->batchSize) return invalid(call, "batchIndex");
    return value < 0 || value > on ? invalid(call, "the switch") : 0;
  });
}

aclError checkInput(uint32_t modelId, size_t index) {
  const auto model = requireModel(modelId);
  if (model == nullptr) return acl::ACL_ERROR_GE_EXEC_MODEL_ID_INVALID;
  const size_t count = model->info->inputs.size() + (model->info->hasGears() ? 1 : 0);
  if (index < count) return 0;
  return fail(acl::ACL_ERROR_INVALID_PARAM, "EH0001",
              format("Index %zu is invalid: the valid range is [0, %zu).", index, count));
}

/** CANN has three codes for this, by function. */
aclError withoutAipp(aclError code, uint32_t modelId, size_t index) {
  return fail(code, "E19999", format("Model %u has no AIPP at input %zu.", modelId, index));
}

}  // namespace

extern "C" {

aclError aclmdlGetAippType(uint32_t modelId, size_t index, aclmdlInputAippType *type,
                           size_t *dynamicAttachedDataIndex) {
  return invoke("aclmdlGetAippType", [&]() -> aclError {
    if (type == nullptr) return nullArgument("type");
    if (dynamicAttachedDataIndex == nullptr) return nullArgument("dynamicAttachedDataIndex");
    const aclError code = checkInput(modelId, index);
    if (code != 0) return code;
    *type = ACL_DATA_WITHOUT_AIPP;
    *dynamicAttachedDataIndex = ACL_INVALID_NODE_INDEX;
    return 0;
  });
}

aclError aclmdlGetFirstAippInfo(uint32_t modelId, size_t index, aclAippInfo *aippInfo) {
  return invoke("aclmdlGetFirstAippInfo", [&]() -> aclError {
    if (aippInfo == nullptr) return nullArgument("aippInfo");
    const aclError code = checkInput(modelId, index);
    if (code != 0) return code;
    return withoutAipp(acl::ACL_ERROR_GE_AIPP_NOT_EXIST, modelId, index);
  });
}

aclmdlAIPP *aclmdlCreateAIPP(uint64_t batchSize) {
  return invokeOr<aclmdlAIPP *>("aclmdlCreateAIPP", nullptr, [&]() -> aclmdlAIPP * {
    if (batchSize == 0) {
      fail(acl::ACL_ERROR_INVALID_PARAM, "EH0001", "batchSize is out of range.");
      return nullptr;
    }
    auto *aipp = new aclmdlAIPP{batchSize};
    ++ledger().live.configHandles;
    return aipp;
  });
}

aclError aclmdlDestroyAIPP(const aclmdlAIPP *aippParmsSet) {
  return invoke("aclmdlDestroyAIPP", [&]() -> aclError {
    if (aippParmsSet == nullptr) return nullArgument("aippParmsSet");
    delete aippParmsSet;
    --ledger().live.configHandles;
    return 0;
  });
}

aclError aclmdlSetAIPPInputFormat(aclmdlAIPP *aippParmsSet, aclAippInputFormat inputFormat) {
  return invoke("aclmdlSetAIPPInputFormat", [&]() -> aclError {
    if (aippParmsSet == nullptr) return nullArgument("aippParmsSet");
    return inputFormat < ACL_YUV420SP_U8 || inputFormat > ACL_RAW24
               ? invalid("aclmdlSetAIPPInputFormat", "the format")
               : 0;
  });
}

aclError aclmdlSetAIPPSrcImageSize(aclmdlAIPP *aippParmsSet, int32_t srcImageSizeW, int32_t srcImageSizeH) {
  return invoke("aclmdlSetAIPPSrcImageSize", [&]() -> aclError {
    if (aippParmsSet == nullptr) return nullArgument("aippParmsSet");
    const bool fits = srcImageSizeW >= narrowestImage && srcImageSizeW <= largestImage &&
                      srcImageSizeH >= 1 && srcImageSizeH <= largestImage;
    return fits ? 0 : invalid("aclmdlSetAIPPSrcImageSize", "the size");
  });
}

aclError aclmdlSetAIPPRbuvSwapSwitch(aclmdlAIPP *aippParmsSet, int8_t rbuvSwapSwitch) {
  return setSwitch("aclmdlSetAIPPRbuvSwapSwitch", aippParmsSet, rbuvSwapSwitch);
}

aclError aclmdlSetAIPPAxSwapSwitch(aclmdlAIPP *aippParmsSet, int8_t axSwapSwitch) {
  return setSwitch("aclmdlSetAIPPAxSwapSwitch", aippParmsSet, axSwapSwitch);
}

aclError aclmdlSetAIPPCscParams(aclmdlAIPP *aippParmsSet, int8_t cscSwitch, int16_t, int16_t, int16_t,
                                int16_t, int16_t, int16_t, int16_t, int16_t, int16_t, uint8_t, uint8_t,
                                uint8_t, uint8_t, uint8_t, uint8_t) {
  return setSwitch("aclmdlSetAIPPCscParams", aippParmsSet, cscSwitch);
}

aclError aclmdlSetAIPPScfParams(aclmdlAIPP *aippParmsSet, int8_t scfSwitch, int32_t, int32_t, int32_t,
                                int32_t, uint64_t batchIndex) {
  return setForImage("aclmdlSetAIPPScfParams", aippParmsSet, scfSwitch, batchIndex);
}

aclError aclmdlSetAIPPCropParams(aclmdlAIPP *aippParmsSet, int8_t cropSwitch, int32_t, int32_t, int32_t,
                                 int32_t, uint64_t batchIndex) {
  return setForImage("aclmdlSetAIPPCropParams", aippParmsSet, cropSwitch, batchIndex);
}

aclError aclmdlSetAIPPPaddingParams(aclmdlAIPP *aippParmsSet, int8_t paddingSwitch, int32_t, int32_t, int32_t,
                                    int32_t, uint64_t batchIndex) {
  return setForImage("aclmdlSetAIPPPaddingParams", aippParmsSet, paddingSwitch, batchIndex);
}

aclError aclmdlSetAIPPDtcPixelMean(aclmdlAIPP *aippParmsSet, int16_t, int16_t, int16_t, int16_t,
                                   uint64_t batchIndex) {
  return setForImage("aclmdlSetAIPPDtcPixelMean", aippParmsSet, batchIndex);
}

aclError aclmdlSetAIPPDtcPixelMin(aclmdlAIPP *aippParmsSet, float, float, float, float, uint64_t batchIndex) {
  return setForImage("aclmdlSetAIPPDtcPixelMin", aippParmsSet, batchIndex);
}

aclError aclmdlSetAIPPPixelVarReci(aclmdlAIPP *aippParmsSet, float, float, float, float,
                                   uint64_t batchIndex) {
  return setForImage("aclmdlSetAIPPPixelVarReci", aippParmsSet, batchIndex);
}

aclError aclmdlSetInputAIPP(uint32_t modelId, aclmdlDataset *dataset, size_t index,
                            const aclmdlAIPP *aippParmsSet) {
  return invoke("aclmdlSetInputAIPP", [&]() -> aclError {
    if (dataset == nullptr) return nullArgument("dataset");
    if (aippParmsSet == nullptr) return nullArgument("aippParmsSet");
    const aclError code = checkInput(modelId, index);
    return code != 0 ? code : withoutAipp(acl::ACL_ERROR_INVALID_PARAM, modelId, index);
  });
}

aclError aclmdlSetAIPPByInputIndex(uint32_t modelId, aclmdlDataset *dataset, size_t index,
                                   const aclmdlAIPP *aippParmsSet) {
  return invoke("aclmdlSetAIPPByInputIndex", [&]() -> aclError {
    if (aippParmsSet == nullptr) return nullArgument("aippParmsSet");
    if (dataset == nullptr || index >= dataset->entries.size())
      return fail(acl::ACL_ERROR_INVALID_PARAM, "EH0001", format("The dataset has no buffer %zu.", index));
    const aclError code = checkInput(modelId, index);
    return code != 0 ? code : withoutAipp(acl::ACL_ERROR_FAILURE, modelId, index);
  });
}

}  // extern "C"
