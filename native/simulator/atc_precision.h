// What atc's precision options make of a model's weights.
#ifndef SIMULATOR_ATC_PRECISION_H_
#define SIMULATOR_ATC_PRECISION_H_

#include <string>

#include "atc_options.h"
#include "onnx_weights.h"

namespace sim {

/** The mode's name, for the offline model. */
std::string precisionName(const AtcOptions &options);
/** @throws AtcFailure when the file of --keep_dtype cannot be read */
WeightRounding weightRounding(const AtcOptions &options);

}  // namespace sim

#endif  // SIMULATOR_ATC_PRECISION_H_
