#include "settings.h"

#include <cstdlib>

#include "text.h"

namespace sim {

namespace {

// 310P3 cards with 24 GB report 21525 to 21534 MB.
constexpr int64_t defaultMemoryMegabytes = 21525;
constexpr int64_t largestDeviceCount = 64;

const char *variable(const char *name) {
  const char *value = getenv(name);
  return value != nullptr && value[0] != '\0' ? value : nullptr;
}

class Reader {
 public:
  explicit Reader(Settings *settings) : settings_(settings) {}

  void text(const char *name, std::string *value) const {
    if (const char *given = variable(name)) *value = given;
  }

  int64_t integer(const char *name, int64_t lowest, int64_t highest, int64_t otherwise) {
    const char *given = variable(name);
    if (given == nullptr) return otherwise;
    int64_t value = 0;
    if (parseInteger(given, &value) && value >= lowest && value <= highest) return value;
    mistake(name, given,
            format("a whole number from %lld to %lld", static_cast<long long>(lowest),
                   static_cast<long long>(highest)));
    return otherwise;
  }

  void mistake(const char *name, const std::string &found, const std::string &expected) {
    settings_->mistakes.push_back(std::string(name) + "=" + found + ": expected " + expected);
  }

 private:
  Settings *settings_;
};

Settings readEnvironment() {
  Settings settings;
  Reader reader(&settings);
  settings.devices = static_cast<int>(reader.integer("ACL_SIM_DEVICES", 0, largestDeviceCount, 1));
  reader.text("ACL_SIM_SOC", &settings.socName);
  settings.deviceMemoryBytes =
      static_cast<uint64_t>(reader.integer("ACL_SIM_MEMORY_MB", 1, 1 << 20, defaultMemoryMegabytes)) << 20;
  settings.deviceReserveBytes =
      static_cast<uint64_t>(reader.integer("ACL_SIM_MEMORY_RESERVE_MB", 0, 1 << 20, 0)) << 20;
  if (variable("ACL_SIM_PINNED_MB") != nullptr)
    settings.pinnedMemoryBytes = static_cast<uint64_t>(reader.integer("ACL_SIM_PINNED_MB", 0, 1 << 20, 0))
                                 << 20;
  if (const char *time = variable("ACL_SIM_EXEC_US")) {
    // Even a wrong value asks for latency mode: computing instead would be a surprise of another kind.
    settings.executionTime.enabled = true;
    if (!parseExecutionTime(time, &settings.executionTime))
      reader.mistake("ACL_SIM_EXEC_US", time, "6080, or 1:6080,8:47360, or lognormal:6080:0.1:1");
  }
  if (const char *rate = variable("ACL_SIM_COPY_GBPS"))
    if (!parsePositiveNumber(rate, &settings.copyGigabytesPerSecond))
      reader.mistake("ACL_SIM_COPY_GBPS", rate, "gigabytes a second, such as 12.5");
  reader.text("ACL_SIM_FAULTS", &settings.faults);
  if (const char *precision = variable("ACL_SIM_PRECISION")) {
    settings.keepOriginalPrecision = std::string(precision) == "origin";
    if (!settings.keepOriginalPrecision) reader.mistake("ACL_SIM_PRECISION", precision, "origin, or nothing");
  }
  // Takes effect when the library is loaded (load.cc).
  const char *signals = variable("ACL_SIM_SIGNALS");
  if (signals != nullptr && std::string(signals) != "cann")
    reader.mistake("ACL_SIM_SIGNALS", signals, "cann, or nothing");
  reader.text("ACL_SIM_LOG", &settings.logPath);
  reader.text("ACL_SIM_REPORT", &settings.reportPath);
  reader.text("ACL_SIM_ORT_LIBRARY", &settings.ortLibrary);
  settings.ortThreads = static_cast<int>(reader.integer("ACL_SIM_ORT_THREADS", 1, 256, 1));
  if (const char *release = variable("ACL_SIM_CANN")) {
    const std::vector<std::string> parts = split(release, '.');
    int64_t major = 0;
    int64_t minor = 0;
    if (parts.size() >= 2 && parseInteger(parts[0], &major) && parseInteger(parts[1], &minor) && major >= 6 &&
        major <= 9 && minor >= 0 && minor <= 9)
      settings.cannRelease = static_cast<int>(major * 100 + minor);
    else
      reader.mistake("ACL_SIM_CANN", release, "a release from 6.0 to 9.9");
  }
  return settings;
}

}  // namespace

bool parseExecutionTime(const std::string &text, ExecutionTime *time) {
  const std::vector<std::string> fields = split(text, ':');
  if (fields[0] == "lognormal") {
    int64_t seed = 0;
    if (fields.size() != 4 || !parsePositiveNumber(fields[1], &time->medianMicroseconds) ||
        !parsePositiveNumber(fields[2], &time->sigma) || !parseInteger(fields[3], &seed) || seed < 0)
      return false;
    time->lognormal = true;
    time->seed = static_cast<uint64_t>(seed);
    return true;
  }
  std::map<int64_t, double> table;
  for (const std::string &entry : split(text, ',')) {
    const size_t colon = entry.find(':');
    int64_t batch = 0;
    double microseconds = 0;
    if (colon != std::string::npos && (!parseInteger(entry.substr(0, colon), &batch) || batch <= 0))
      return false;
    if (!parsePositiveNumber(colon == std::string::npos ? entry : entry.substr(colon + 1), &microseconds))
      return false;
    table[batch] = microseconds;
  }
  time->microsecondsPerBatch = std::move(table);
  return true;
}

const Settings &settings() {
  // Never destroyed: calls may come from other libraries' static destructors.
  static const Settings *const instance = new Settings(readEnvironment());
  return *instance;
}

}  // namespace sim
