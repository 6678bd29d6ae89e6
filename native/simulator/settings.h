// What ACL_SIM_* ask for, read once when the library is first used.
#ifndef SIMULATOR_SETTINGS_H_
#define SIMULATOR_SETTINGS_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace sim {

/** How long one model execution takes in latency mode. */
struct ExecutionTime {
  bool enabled = false;
  /** Batch size → microseconds; batch 0 is the time of every batch that is not listed. */
  std::map<int64_t, double> microsecondsPerBatch;
  bool lognormal = false;
  double medianMicroseconds = 0;
  double sigma = 0;
  uint64_t seed = 0;
};

struct Settings {
  int devices = 1;
  std::string socName = "Ascend310P3";
  uint64_t deviceMemoryBytes = 0;
  /** What allocations leave free of it. */
  uint64_t deviceReserveBytes = 0;
  uint64_t pinnedMemoryBytes = UINT64_MAX;
  ExecutionTime executionTime;
  /** 0: copies take as long as the host needs. */
  double copyGigabytesPerSecond = 0;
  std::string faults;
  bool keepOriginalPrecision = false;
  std::string logPath;
  std::string reportPath;
  std::string ortLibrary;
  int ortThreads = 1;
  /** CANN release whose behaviour is shown where releases differ: major * 100 + minor. */
  int cannRelease = 805;
  /** What could not be understood; told at aclInit, where a program looks for it. */
  std::vector<std::string> mistakes;
};

const Settings &settings();

/** Parses `6080`, `1:6080,8:47360` or `lognormal:6080:0.1:seed`; false when it is none of these. */
bool parseExecutionTime(const std::string &text, ExecutionTime *time);

}  // namespace sim

#endif  // SIMULATOR_SETTINGS_H_
