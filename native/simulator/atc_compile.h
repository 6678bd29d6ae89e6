// From an ONNX model to an offline model: atc's work, and that of the graph interface's aclgrphBuildModel.
#ifndef SIMULATOR_ATC_COMPILE_H_
#define SIMULATOR_ATC_COMPILE_H_

#include <string>
#include <vector>

#include "atc_options.h"
#include "om_file.h"

namespace sim {

/** Where a model comes from. */
struct CompileSource {
  /** What messages call it. */
  std::string path;
  /** Goes into the offline model. */
  std::string name;
  std::string command;
  /** Where files of weights are looked for; empty: nowhere. */
  std::string folder = {};
};

/** Compiles as the options say; of their paths it uses none. @throws AtcFailure */
OmFile compileGraph(const AtcOptions &options, const CompileSource &source, std::vector<uint8_t> onnx);

/** Compiles --model without writing anything. @throws AtcFailure */
OmFile compileFile(const AtcOptions &options, const std::string &command);

/** Does what the options say and returns the path of the file it wrote. @throws AtcFailure */
std::string compileModel(const AtcOptions &options, const std::string &command);

}  // namespace sim

#endif  // SIMULATOR_ATC_COMPILE_H_
