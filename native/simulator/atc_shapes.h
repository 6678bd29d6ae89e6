// Input shapes and gears from atc's options and the model.
#ifndef SIMULATOR_ATC_SHAPES_H_
#define SIMULATOR_ATC_SHAPES_H_

#include "atc_options.h"
#include "model_info.h"
#include "onnx_model.h"

namespace sim {

/**
 * Fills in dynamics, inputs, and the inputs of every gear (a static model gets one).
 * @throws AtcFailure for shapes and gears that contradict each other or the model
 */
void planInputs(const AtcOptions &options, const OnnxModel &model, ModelInfo *info);

}  // namespace sim

#endif  // SIMULATOR_ATC_SHAPES_H_
