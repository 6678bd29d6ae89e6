// What atc leaves beside the model: kernel_meta, fusion_result.json, check_result.json.
#ifndef SIMULATOR_ATC_PRODUCTS_H_
#define SIMULATOR_ATC_PRODUCTS_H_

#include <string>

#include "atc_options.h"
#include "onnx_model.h"

namespace sim {

/** In ASCEND_WORK_PATH or the current folder. Where they cannot be written they are left out. */
void leaveByProducts(const AtcOptions &options);

/** Result of --mode=3; an empty problem is a success. Returns the path. @throws AtcFailure */
std::string writeCheckReport(const AtcOptions &options, const OnnxModel &model, const std::string &problem);

}  // namespace sim

#endif  // SIMULATOR_ATC_PRODUCTS_H_
