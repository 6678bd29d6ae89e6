// Faults asked for with ACL_SIM_FAULTS: a list of `call:action@uses`, separated by commas or semicolons.
//   call    an ACL function, or `task` for a model execution on the device, however it was started
//   action  an error code, `lost=code` (the device answers it from now on, until it is reset; `lost` is
//   507010),
//           `hang`, or a delay such as `250us`, `20ms`, `1s`
//   uses    which uses of that call, counted from 1: `3`, `100-105`, `7-`; without it every one
#ifndef SIMULATOR_FAULTS_H_
#define SIMULATOR_FAULTS_H_

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "../acl_abi.h"
#include "monitor.h"

namespace sim {

struct Fault {
  enum class Kind { None, Fail, Hang, Delay };
  Kind kind = Kind::None;
  aclError code = 0;
  bool losesDevice = false;
  Nanoseconds delay = 0;
};

class Device;

class Faults {
 public:
  /** Adds what `specification` says; texts that could not be understood go into `mistakes`. */
  Faults(const std::string &specification, std::vector<std::string> *mistakes);

  /** Counts a use of `call` and says what has to happen to it. A delay comes together with a failure if both
   * match. */
  std::vector<Fault> next(const char *call);
  /** All that it names. */
  std::vector<std::string> calls() const;

 private:
  struct Rule {
    Fault fault;
    uint64_t first;
    uint64_t last;
  };
  struct Target {
    std::vector<Rule> rules;
    std::atomic<uint64_t> uses{0};
  };
  bool add(const std::string &text);

  /** Complete after construction, so that look-ups need no lock. */
  std::map<std::string, Target> targets_;
};

/** Those of the environment. */
Faults &faults();
/** Parts of ACL_SIM_FAULTS that could not be understood. */
const std::vector<std::string> &faultMistakes();

/** Carries out `found`: waits, never returns, or returns an error code (0 when the call may go on). `device`,
 * which may be null, is the one to lose. */
aclError suffer(const char *call, const std::vector<Fault> &found, Device *device);

}  // namespace sim

#endif  // SIMULATOR_FAULTS_H_
