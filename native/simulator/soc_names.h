// Names of chips, as --soc_version and aclrtGetSocName have them.
#ifndef SIMULATOR_SOC_NAMES_H_
#define SIMULATOR_SOC_NAMES_H_

#include <string>

namespace sim {

bool isKnownSoc(const std::string &name);
/** What is wrong with a name that is none, and what may be meant. */
std::string explainUnknownSoc(const std::string &name);

}  // namespace sim

#endif  // SIMULATOR_SOC_NAMES_H_
