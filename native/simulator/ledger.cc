#include "ledger.h"

#include <fcntl.h>
#include <unistd.h>

#include "context.h"
#include "device.h"
#include "event.h"
#include "model.h"
#include "pinned_memory.h"
#include "settings.h"
#include "text.h"

namespace sim {

namespace {

constexpr size_t mostProblems = 100;

std::string quote(const std::string &text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\')
      quoted += std::string("\\") + c;
    else if (static_cast<unsigned char>(c) < 0x20)
      quoted += format("\\u%04x", static_cast<unsigned char>(c));
    else
      quoted += c;
  }
  return quoted + "\"";
}

std::string field(const char *name, int64_t value) {
  return format("\"%s\":%lld", name, static_cast<long long>(value));
}

}  // namespace

void Ledger::problem(const std::string &kind, const std::string &text) {
  Lock lock(monitor_);
  if (problems_.size() < mostProblems)
    problems_.push_back({kind, text});
  else
    ++droppedProblems_;
}

void Ledger::count(const char *call) {
  if (settings().reportPath.empty()) return;
  Lock lock(monitor_);
  ++calls_[call];
}

std::string Ledger::json(const std::string &event) const {
  int64_t deviceBytes = 0;
  int64_t deviceBlocks = 0;
  int64_t setCount = 0;
  for (int32_t id = 0; id < deviceCount(); ++id) {
    Device *device = findDevice(id);
    deviceBytes += static_cast<int64_t>(device->memory.used());
    deviceBlocks += static_cast<int64_t>(device->memory.blocks());
    Lock lock(device->monitor);
    setCount += device->setCount;
  }
  int64_t explicitContexts = 0;
  for (const auto &context : contexts().all()) explicitContexts += context->isDefault ? 0 : 1;
  // Every context has one stream that nobody made.
  const auto ownStreams = static_cast<int64_t>(streams().size()) - static_cast<int64_t>(contexts().size());
  const PinnedMemory::Usage pinned = pinnedMemory().usage();
  const std::vector<std::string> leaks = {
      field("models", static_cast<int64_t>(loadedModels().size())),
      field("deviceBlocks", deviceBlocks),
      field("deviceBytes", deviceBytes),
      field("hostBlocks", static_cast<int64_t>(pinned.blocks)),
      field("hostBytes", static_cast<int64_t>(pinned.bytes)),
      field("contexts", explicitContexts),
      field("streams", ownStreams),
      field("events", static_cast<int64_t>(events().size())),
      field("deviceSets", setCount),
      field("descriptions", live.descriptions),
      field("datasets", live.datasets),
      field("dataBuffers", live.dataBuffers),
      field("tensorDescriptions", live.tensorDescriptions),
      field("configHandles", live.configHandles),
      field("operatorAttributes", live.operatorAttributes),
  };
  Lock lock(monitor_);
  std::vector<std::string> problems;
  for (const Problem &entry : problems_)
    problems.push_back("{\"kind\":" + quote(entry.kind) + ",\"text\":" + quote(entry.text) + "}");
  std::vector<std::string> calls;
  for (const auto &entry : calls_)
    calls.push_back(field(entry.first.c_str(), static_cast<int64_t>(entry.second)));
  return format("{\"event\":\"%s\",\"pid\":%d,\"leaks\":{", event.c_str(), static_cast<int>(getpid())) +
         join(leaks, ",") + "},\"problems\":[" + join(problems, ",") + "]," +
         field("droppedProblems", static_cast<int64_t>(droppedProblems_)) + ",\"calls\":{" +
         join(calls, ",") + "}}\n";
}

void Ledger::report(const std::string &event) const {
  const std::string &path = settings().reportPath;
  if (path.empty()) return;
  const std::string line = json(event);
  const int file = path == "stderr" ? dup(STDERR_FILENO)
                                    : open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (file < 0) return;
  // One write, so that processes that share the file do not mix their lines.
  const ssize_t written = write(file, line.data(), line.size());
  static_cast<void>(written);
  close(file);
}

Ledger &ledger() {
  static auto *const instance = new Ledger();
  return *instance;
}

}  // namespace sim
