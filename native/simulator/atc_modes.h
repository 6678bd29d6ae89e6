// What atc does by --mode.
#ifndef SIMULATOR_ATC_MODES_H_
#define SIMULATOR_ATC_MODES_H_

#include <string>

#include "atc_options.h"

namespace sim {

/** @throws AtcFailure */
void runAtc(const AtcOptions &options, const std::string &command);

}  // namespace sim

#endif  // SIMULATOR_ATC_MODES_H_
