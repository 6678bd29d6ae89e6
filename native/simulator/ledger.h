// What a process left behind and did wrong, for ACL_SIM_REPORT: one line of JSON at aclFinalize and at exit.
#ifndef SIMULATOR_LEDGER_H_
#define SIMULATOR_LEDGER_H_

#include <atomic>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "monitor.h"

namespace sim {

/** Objects that are plain memory and known only by their number. */
struct LiveCounts {
  std::atomic<int64_t> descriptions{0};
  std::atomic<int64_t> datasets{0};
  std::atomic<int64_t> dataBuffers{0};
  std::atomic<int64_t> tensorDescriptions{0};
  std::atomic<int64_t> configHandles{0};
  std::atomic<int64_t> operatorAttributes{0};
};

class Ledger {
 public:
  LiveCounts live;

  /** Something no correct program does; `kind` is a stable word. */
  void problem(const std::string &kind, const std::string &text);
  /** How often each function was called, for programs that count. */
  void count(const char *call);

  std::string json(const std::string &event) const;
  /** Appends the line for `event` to the file of ACL_SIM_REPORT, if there is one. */
  void report(const std::string &event) const;

 private:
  struct Problem {
    std::string kind;
    std::string text;
  };
  mutable Monitor monitor_;
  std::vector<Problem> problems_;
  uint64_t droppedProblems_ = 0;
  std::map<std::string, uint64_t> calls_;
};

Ledger &ledger();

}  // namespace sim

#endif  // SIMULATOR_LEDGER_H_
