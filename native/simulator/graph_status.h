// What the graph interface's functions return.
#ifndef SIMULATOR_GRAPH_STATUS_H_
#define SIMULATOR_GRAPH_STATUS_H_

#include <cstdint>

#include "../acl_abi.h"

namespace sim {

// As an aclError, through which calls, faults and messages go. In CANN's headers these are unsigned.
constexpr aclError graphSuccess = 0;
constexpr aclError graphFailed = -1;
constexpr aclError graphParamInvalid = 50331649;

inline uint32_t asGraphStatus(aclError code) {
  return static_cast<uint32_t>(code);
}

}  // namespace sim

#endif  // SIMULATOR_GRAPH_STATUS_H_
