// Functions that ACL_SIM_MISSING takes out of this library, as an older CANN has not got them.
#ifndef SIMULATOR_MISSING_SYMBOLS_H_
#define SIMULATOR_MISSING_SYMBOLS_H_

#include <string>
#include <vector>

namespace sim {

/** Makes the dynamic linker find them no more. For the library's constructor: what is bound already stays
 * bound. */
void hideMissingSymbols();
/** Names in ACL_SIM_MISSING that the library never had. */
const std::vector<std::string> &unknownMissingSymbols();

}  // namespace sim

#endif  // SIMULATOR_MISSING_SYMBOLS_H_
