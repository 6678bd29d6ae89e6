// Media functions: they are there, so that programs that link them start, and answer that this product lacks
// them. Arguments are never looked at, so all are declared without any.
#include "../acl_error_codes.h"
#include "call.h"
#include "text.h"

using namespace sim;

#define UNSUPPORTED(name)                                                           \
  extern "C" aclError name(void) {                                                  \
    return invoke(#name, [] {                                                       \
      return fail(acl::ACL_ERROR_API_NOT_SUPPORT, "EH0001",                         \
                  "The simulator has no media units: " #name " is not supported."); \
    });                                                                             \
  }
/** Objects that describe work for the units: none are made. */
#define NO_OBJECT(object)                                                                          \
  extern "C" void *acldvppCreate##object(void) {                                                   \
    return invokeOr<void *>("acldvppCreate" #object, nullptr, []() -> void * { return nullptr; }); \
  }                                                                                                \
  UNSUPPORTED(acldvppDestroy##object)

NO_OBJECT(ChannelDesc)
NO_OBJECT(PicDesc)
NO_OBJECT(RoiConfig)
NO_OBJECT(ResizeConfig)
NO_OBJECT(JpegeConfig)
NO_OBJECT(StreamDesc)
NO_OBJECT(BatchPicDesc)
UNSUPPORTED(acldvppCreateChannel)
UNSUPPORTED(acldvppDestroyChannel)
UNSUPPORTED(acldvppJpegDecodeAsync)
UNSUPPORTED(acldvppJpegEncodeAsync)
UNSUPPORTED(acldvppJpegGetImageInfo)
UNSUPPORTED(acldvppJpegGetImageInfoV2)
UNSUPPORTED(acldvppJpegPredictDecSize)
UNSUPPORTED(acldvppJpegPredictEncSize)
UNSUPPORTED(acldvppPngDecodeAsync)
UNSUPPORTED(acldvppPngGetImageInfo)
UNSUPPORTED(acldvppPngPredictDecSize)
UNSUPPORTED(acldvppVpcBatchCropAsync)
UNSUPPORTED(acldvppVpcBatchCropResizeAsync)
UNSUPPORTED(acldvppVpcConvertColorAsync)
UNSUPPORTED(acldvppVpcCropAsync)
UNSUPPORTED(acldvppVpcCropAndPasteAsync)
UNSUPPORTED(acldvppVpcCropResizeAsync)
UNSUPPORTED(acldvppVpcCropResizePasteAsync)
UNSUPPORTED(acldvppVpcMakeBorderAsync)
UNSUPPORTED(acldvppVpcPyrDownAsync)
UNSUPPORTED(acldvppVpcResizeAsync)
UNSUPPORTED(aclvdecCreateChannel)
UNSUPPORTED(aclvdecDestroyChannel)
UNSUPPORTED(aclvdecSendFrame)
UNSUPPORTED(aclvencCreateChannel)
UNSUPPORTED(aclvencDestroyChannel)
UNSUPPORTED(aclvencSendFrame)
