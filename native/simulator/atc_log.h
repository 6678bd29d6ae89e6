// atc's log: plog files, or standard output with ASCEND_SLOG_PRINT_TO_STDOUT=1.
#ifndef SIMULATOR_ATC_LOG_H_
#define SIMULATOR_ATC_LOG_H_

#include <string>

namespace sim {

enum class LogLevel { Debug, Info, Warning, Error, Off };

/** Nothing is written before this is called, and nothing at all with `Off`. */
void openAtcLog(LogLevel level);
void writeAtcLog(LogLevel level, const std::string &text);

/** As CANN writes times: 2026-01-31-12:00:00.000.000. */
std::string cannTimestamp();

}  // namespace sim

#endif  // SIMULATOR_ATC_LOG_H_
