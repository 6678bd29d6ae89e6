// ONNX models as atc takes them: read, weights looked at and rounded, described as JSON.
#include <vector>

#include "../simulator/atc_json.h"
#include "../simulator/atc_options.h"
#include "../simulator/onnx_model.h"
#include "../simulator/onnx_weights.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  std::vector<uint8_t> onnx(bytes, bytes + size);
  sim::OnnxModel model;
  const bool readable = sim::readOnnx(onnx, &model).empty();
  try {
    sim::onnxAsJson("model.onnx", onnx);
  } catch (const sim::AtcFailure &) {
  }
  // What lies in files beside the model is looked for where there are none.
  sim::embedWeights("/nonexistent", &onnx);
  if (readable) sim::roundWeights(&onnx, sim::WeightRounding());
  return 0;
}
