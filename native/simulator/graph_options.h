// The graph interface's options, which are atc's under other names.
#ifndef SIMULATOR_GRAPH_OPTIONS_H_
#define SIMULATOR_GRAPH_OPTIONS_H_

#include <string>

#include "atc_options.h"
#include "graph_types.h"

namespace sim {

/** The last of several maps that have a key wins. */
struct GraphOptions {
  const ge::Options &global;
  const ge::Options &parser;
  const ge::Options &build;
};

/** Checked. @throws CommandLineFailure, AtcFailure */
AtcOptions asAtcOptions(const GraphOptions &options);

/** For the offline model: what it was made with. */
std::string commandOf(const GraphOptions &options);

}  // namespace sim

#endif  // SIMULATOR_GRAPH_OPTIONS_H_
