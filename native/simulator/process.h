// Whether ACL is initialised in this process.
#ifndef SIMULATOR_PROCESS_H_
#define SIMULATOR_PROCESS_H_

#include <cstdint>

#include "../acl_abi.h"

namespace sim {

class Process {
 public:
  /** 0 for the call that initialises, 100002 for one more. */
  aclError initialise();
  /** Gives up `all` references or one; `left` says how many stay. 100037 when there were none. */
  aclError finalise(bool all, uint64_t *left);
  bool initialised() const;
  /** Writes the last report, if this process ever initialised. */
  void exit() const;
};

Process &process();

/** 145001 with ACL's message when aclInit is missing. */
aclError requireInit();

/** 100000 for an argument that must not be NULL. */
aclError nullArgument(const char *name);

}  // namespace sim

#endif  // SIMULATOR_PROCESS_H_
