// --out_nodes, --output_type and --input_fp16_nodes.
#ifndef SIMULATOR_ATC_INTERFACE_H_
#define SIMULATOR_ATC_INTERFACE_H_

#include <cstdint>
#include <vector>

#include "atc_options.h"
#include "onnx_model.h"

namespace sim {

/** Changes graph and description as the options say. @throws AtcFailure for nodes and types that are not
 * there */
void applyInterfaceOptions(const AtcOptions &options, std::vector<uint8_t> *onnx, OnnxModel *model);

}  // namespace sim

#endif  // SIMULATOR_ATC_INTERFACE_H_
