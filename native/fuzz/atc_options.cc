// atc's command line, an argument a line, against a model with two inputs of open shape.
#include "../simulator/atc_options.h"

#include <unistd.h>

#include "../simulator/atc_shapes.h"
#include "../simulator/text.h"

namespace {

sim::OnnxModel twoInputs() {
  sim::OnnxModel model;
  for (const char *name : {"left", "right"}) {
    sim::OnnxTensor input;
    input.name = name;
    input.graphName = name;
    input.type = ACL_FLOAT;
    input.hasShape = true;
    input.dims.resize(4);
    input.dims[1].size = 3;
    model.inputs.push_back(input);
  }
  model.outputs = model.inputs;
  return model;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  const std::string text(reinterpret_cast<const char *>(bytes), size);
  try {
    const sim::AtcOptions options(sim::split(text, '\n'));
    sim::ModelInfo info;
    sim::planInputs(options, twoInputs(), &info);
  } catch (const sim::AtcFailure &) {
  } catch (const sim::CommandLineFailure &) {
  }
  return 0;
}
