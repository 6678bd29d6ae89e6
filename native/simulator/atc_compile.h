// From an ONNX file to the bytes of an .om.
#ifndef SIMULATOR_ATC_COMPILE_H_
#define SIMULATOR_ATC_COMPILE_H_

#include <string>

#include "atc_options.h"

namespace sim {

/** Does what the options say and returns the path of the file it wrote. @throws AtcFailure */
std::string compileModel(const AtcOptions &options, const std::string &command);

}  // namespace sim

#endif  // SIMULATOR_ATC_COMPILE_H_
