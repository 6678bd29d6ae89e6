#include "session.h"

#include <cstring>

#include "cases.h"

using ascend::Engine;
using ascend::EngineOptions;
using ascend::Executor;
using ascend::ExecutorEvents;
using ascend::OpenFailure;
using ascend::Remains;
using ascend::Run;

namespace {

std::string words;

/** What a case that fails says beside itself. */
void Remember(const std::string &text) {
  static std::mutex mutex;
  const std::lock_guard<std::mutex> lock(mutex);
  words = text + "\n";
  lastWords = [] { return words.c_str(); };
}

/** Long enough for a busy machine and a sanitizer. */
constexpr std::chrono::seconds kAtMost{50};

}  // namespace

EngineOptions Session::Options(const std::string &model, int device) {
  EngineOptions options;
  options.path = model;
  options.device = device;
  options.tally = std::make_shared<ascend::MemoryTally>(0);
  return options;
}

Session::Session(EngineOptions options) {
  ExecutorEvents told;
  told.opened = [events = events_](const Engine &engine) {
    const std::lock_guard<std::mutex> lock(events->mutex);
    events->info = engine.info();
    events->opened = true;
    events->changed.notify_all();
  };
  told.failed = [events = events_](OpenFailure failure) {
    const std::lock_guard<std::mutex> lock(events->mutex);
    events->failure = std::move(failure);
  };
  told.done = [events = events_](std::unique_ptr<Run> run) {
    const std::lock_guard<std::mutex> lock(events->mutex);
    CHECK(!events->closed);
    events->order.push_back(run->id);
    CHECK(events->done.count(run->id) == 0);
    events->done[run->id] = std::move(run);
    events->changed.notify_all();
  };
  told.closed = [events = events_](Remains remains) {
    const std::lock_guard<std::mutex> lock(events->mutex);
    CHECK(!events->closed);
    events->remains = remains;
    events->closed = true;
    events->changed.notify_all();
  };
  executor_ = Executor::Start(std::move(options), std::move(told));
}

Session::~Session() {
  executor_->Stop();
  executor_->WaitUntilFinished(ascend::Clock::now() + std::chrono::milliseconds(500));
}

bool Session::Opened() {
  std::unique_lock<std::mutex> lock(events_->mutex);
  CHECK(events_->changed.wait_for(lock, kAtMost, [&] { return events_->opened || events_->closed; }));
  info_ = events_->info;
  failure_ = events_->failure;
  CHECK(events_->opened != failure_.has_value());
  if (failure_.has_value()) {
    if (const auto *acl = std::get_if<ascend::AclFailure>(&*failure_))
      Remember(acl->call + ": " + acl->message);
  }
  return events_->opened;
}

bool Session::Submit(uint64_t id, const std::vector<Feed> &feeds, const RunOptions &options) {
  auto run = std::make_unique<Run>();
  run->id = id;
  run->gear = options.gear;
  run->fetches = options.fetches;
  if (run->fetches.empty()) {
    for (size_t output = 0; output < info_.outputs.size(); ++output) run->fetches.push_back(output);
  }
  if (options.timeout.has_value()) run->deadline = ascend::Clock::now() + *options.timeout;
  // Gone when this returns: the executor must not read them later.
  std::vector<std::vector<uint8_t>> copies;
  std::vector<ascend::Source> sources;
  for (const Feed &feed : feeds) {
    run->dims.push_back(feed.dims);
    copies.push_back(feed.bytes);
    sources.push_back({copies.back().data(), copies.back().size()});
  }
  CHECK(MistakeIn(info_, *run, sources).empty());
  return executor_->Submit(std::move(run), sources);
}

std::unique_ptr<Run> Session::Await(uint64_t id) {
  std::unique_lock<std::mutex> lock(events_->mutex);
  CHECK(events_->changed.wait_for(lock, kAtMost, [&] { return events_->done.count(id) > 0; }));
  std::unique_ptr<Run> run = std::move(events_->done[id]);
  CHECK(run != nullptr);
  if (run->failure.has_value())
    Remember(run->failure->message + run->failure->acl.call + ": " + run->failure->acl.message);
  return run;
}

bool Session::HasEnded(uint64_t id) {
  const std::lock_guard<std::mutex> lock(events_->mutex);
  return events_->done.count(id) > 0;
}

std::vector<uint64_t> Session::Order() {
  const std::lock_guard<std::mutex> lock(events_->mutex);
  return events_->order;
}

bool Session::WaitUntilClosed(std::chrono::milliseconds limit) {
  if (!executor_->WaitUntilFinished(ascend::Clock::now() + limit)) return false;
  const std::lock_guard<std::mutex> lock(events_->mutex);
  CHECK(events_->closed);
  remains_ = events_->remains;
  return true;
}

std::vector<float> FloatsOf(const Run &run, size_t position) {
  CHECK(!run.failure.has_value());
  const ascend::Bytes &bytes = run.outputs.at(position).bytes;
  std::vector<float> values(bytes.size / sizeof(float));
  if (bytes.size > 0) memcpy(values.data(), bytes.data.get(), bytes.size);
  return values;
}
