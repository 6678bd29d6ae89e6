// A session as the add-on runs it, without JavaScript: what session.cc does, for C++ tests.
#ifndef TEST_NATIVE_DRIVER_SESSION_H_
#define TEST_NATIVE_DRIVER_SESSION_H_

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "executor.h"

/** What one input is fed: its shape and its bytes. */
struct Feed {
  ascend::Dims dims;
  std::vector<uint8_t> bytes;

  template <typename Element>
  static Feed Of(ascend::Dims dims, const std::vector<Element> &elements) {
    const auto *first = reinterpret_cast<const uint8_t *>(elements.data());
    return {std::move(dims), {first, first + elements.size() * sizeof(Element)}};
  }
};

struct RunOptions {
  size_t gear = 0;
  /** All outputs when empty. */
  std::vector<size_t> fetches = {};
  std::optional<std::chrono::milliseconds> timeout = std::nullopt;
};

class Session {
 public:
  /** Starts its threads; Opened() tells how that went. */
  explicit Session(ascend::EngineOptions options);
  Session(const std::string &model, int device) : Session(Options(model, device)) {}
  /** Stops it and waits for the end, unless a call into AscendCL never returns. */
  ~Session();
  Session(const Session &) = delete;
  Session &operator=(const Session &) = delete;

  static ascend::EngineOptions Options(const std::string &model, int device);

  /** Waits. */
  bool Opened();
  const ascend::OpenFailure &failure() const { return *failure_; }
  const ascend::ModelInfo &info() const { return info_; }

  /** False when it is stopped. One thread at a time. */
  bool Submit(uint64_t id, const std::vector<Feed> &feeds, const RunOptions &options = {});
  /** Waits for a run's end. */
  std::unique_ptr<ascend::Run> Await(uint64_t id);
  /** Whether it has ended; a run that was dropped never does. */
  bool HasEnded(uint64_t id);
  /** Ids in the order in which the runs ended. */
  std::vector<uint64_t> Order();
  bool WaitUntilClosed(std::chrono::milliseconds limit);
  ascend::Remains remains() const { return remains_; }
  const std::shared_ptr<ascend::Executor> &executor() const { return executor_; }

 private:
  // The events are told by threads that may outlive this.
  struct Events {
    std::mutex mutex;
    std::condition_variable changed;
    bool opened = false;
    bool closed = false;
    std::optional<ascend::OpenFailure> failure;
    ascend::ModelInfo info;
    ascend::Remains remains = ascend::Remains::kNothing;
    std::map<uint64_t, std::unique_ptr<ascend::Run>> done;
    std::vector<uint64_t> order;
  };

  std::shared_ptr<Events> events_ = std::make_shared<Events>();
  std::shared_ptr<ascend::Executor> executor_;
  ascend::ModelInfo info_;
  std::optional<ascend::OpenFailure> failure_;
  ascend::Remains remains_ = ascend::Remains::kNothing;
};

/** The elements of a run's only output, or of the one at `position` in what it fetched. */
std::vector<float> FloatsOf(const ascend::Run &run, size_t position = 0);

#endif  // TEST_NATIVE_DRIVER_SESSION_H_
