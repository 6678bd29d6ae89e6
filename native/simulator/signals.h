// CANN's signal handlers, for programs that have to get along with them.
#ifndef SIMULATOR_SIGNALS_H_
#define SIMULATOR_SIGNALS_H_

namespace sim {

/** As CANN's trace library does when it is loaded, if ACL_SIM_SIGNALS asks for it. */
void installSignalHandlers();

}  // namespace sim

#endif  // SIMULATOR_SIGNALS_H_
