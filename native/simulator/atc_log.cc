#include "atc_log.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "text.h"

namespace sim {

namespace {

struct Log {
  LogLevel level = LogLevel::Off;
  FILE *file = nullptr;
};

Log &atcLog() {
  static auto *const instance = new Log();
  return *instance;
}

std::string variable(const char *name) {
  const char *value = getenv(name);
  return value == nullptr ? "" : value;
}

std::string timeText(const char *pattern, const char *fractions) {
  timeval now{};
  gettimeofday(&now, nullptr);
  tm parts{};
  localtime_r(&now.tv_sec, &parts);
  char text[64];
  strftime(text, sizeof text, pattern, &parts);
  char rest[32];
  snprintf(rest, sizeof rest, fractions, static_cast<int>(now.tv_usec / 1000),
           static_cast<int>(now.tv_usec % 1000));
  return std::string(text) + rest;
}

/** Null when no folder can be made: a log that cannot be written stops nothing. */
FILE *openFile() {
  std::string folder = variable("ASCEND_PROCESS_LOG_PATH");
  if (folder.empty()) {
    if (variable("HOME").empty()) return nullptr;
    folder = variable("HOME") + "/ascend/log";
  }
  folder += "/debug/plog/";
  for (size_t slash = folder.find('/', 1); slash != std::string::npos; slash = folder.find('/', slash + 1))
    mkdir(folder.substr(0, slash).c_str(), 0750);
  const std::string path = format("%splog-%d_%s.log", folder.c_str(), static_cast<int>(getpid()),
                                  timeText("%Y%m%d%H%M%S", "%03d").c_str());
  return fopen(path.c_str(), "ae");
}

const char *levelName(LogLevel level) {
  switch (level) {
    case LogLevel::Debug:
      return "DEBUG";
    case LogLevel::Info:
      return "INFO";
    case LogLevel::Warning:
      return "WARNING";
    default:
      return "ERROR";
  }
}

}  // namespace

std::string cannTimestamp() {
  return timeText("%Y-%m-%d-%H:%M:%S", ".%03d.%03d");
}

void openAtcLog(LogLevel level) {
  atcLog().level = level;
}

void writeAtcLog(LogLevel level, const std::string &text) {
  Log &log = atcLog();
  if (log.level == LogLevel::Off || level < log.level) return;
  if (log.file == nullptr) log.file = variable("ASCEND_SLOG_PRINT_TO_STDOUT") == "1" ? stdout : openFile();
  if (log.file == nullptr) return;
  fprintf(log.file, "[%s] GE(%d,atc.bin):%s [simulator]%s\n", levelName(level), static_cast<int>(getpid()),
          cannTimestamp().c_str(), text.c_str());
  fflush(log.file);
}

}  // namespace sim
