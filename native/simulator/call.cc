#include "call.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "context.h"
#include "ledger.h"
#include "lost_device.h"
#include "settings.h"
#include "text.h"

namespace sim {

namespace {

int openLog() {
  const std::string &path = settings().logPath;
  if (path.empty()) return -1;
  if (path == "stderr") return STDERR_FILENO;
  return open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
}

int logFile() {
  static const int file = openLog();
  return file;
}

void writeLine(const char *name, const std::string &outcome, Nanoseconds start) {
  const Nanoseconds end = monotonicNow();
  const std::string line = format("%.6f %d/%d %s %s %.1f us\n", static_cast<double>(end) / 1e9,
                                  static_cast<int>(getpid()), static_cast<int>(syscall(SYS_gettid)), name,
                                  outcome.c_str(), static_cast<double>(end - start) / 1e3);
  // One write a line, so that threads and processes that share the file do not mix theirs.
  const ssize_t written = write(logFile(), line.data(), line.size());
  static_cast<void>(written);
}

/** The text of the last message, which reads "EE1001: [PID: n] time text"; programs tend to drop it. */
std::string lastReason() {
  const std::string &recent = threadState().recent;
  const size_t mark = recent.rfind(": [PID: ");
  if (mark == std::string::npos) return "";
  const size_t time = recent.find("] ", mark);
  const size_t text = time == std::string::npos ? time : recent.find(' ', time + 2);
  if (text == std::string::npos) return "";
  return " (" + recent.substr(text + 1, recent.find('\n', text) - text - 1) + ")";
}

}  // namespace

void logHang(const char *name) {
  if (logging()) writeLine(name, "hangs", monotonicNow());
}

bool logging() {
  return logFile() >= 0;
}

aclError enter(const char *name) {
  ledger().count(name);
  const std::vector<Fault> found = faults().next(name);
  if (found.empty()) return checkLost(name);
  const auto context = findCurrentContext();
  const aclError code = suffer(name, found, context != nullptr ? context->device : findDevice(0));
  return code != 0 ? code : checkLost(name);
}

aclError leave(const char *name, aclError code, Nanoseconds start) {
  if (code != 0) threadState().lastError = code;
  if (logging())
    writeLine(name, format("-> %u", static_cast<unsigned>(code)) + (code != 0 ? lastReason() : ""), start);
  return code;
}

void leave(const char *name, Nanoseconds start) {
  if (logging()) writeLine(name, "done", start);
}

}  // namespace sim
