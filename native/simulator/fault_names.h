// Which functions ACL_SIM_FAULTS can name.
#ifndef SIMULATOR_FAULT_NAMES_H_
#define SIMULATOR_FAULT_NAMES_H_

#include <string>
#include <vector>

namespace sim {

/** Those of `names` that are neither `task` nor a function of this library or one beside it. */
std::vector<std::string> unknownFaultNames(const std::vector<std::string> &names);

}  // namespace sim

#endif  // SIMULATOR_FAULT_NAMES_H_
