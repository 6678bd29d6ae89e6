// One run on its way through a session: what goes in, what comes out and when. Plain data.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "acl_error.h"
#include "condition.h"
#include "memory_tally.h"

namespace ascend {

using Dims = std::vector<int64_t>;

/** Memory of the caller, to be read before the call that hands it over returns. */
struct Source {
  const uint8_t *data;
  size_t bytes;
};

struct Bytes {
  std::unique_ptr<uint8_t[]> data;
  size_t size = 0;
  MemoryShare share;
};

/** A copy of it that counts in the tally. Throws std::bad_alloc. */
Bytes CopyOf(const Source &source, const std::shared_ptr<MemoryTally> &tally);

struct Output {
  size_t index = 0;
  Dims dims;
  Bytes bytes;
};

struct Failure {
  enum class Kind { kAcl, kDeadline, kInternal };
  Kind kind = Kind::kInternal;
  AclFailure acl;
  /** kInternal: what went wrong. */
  std::string message;
};

/** Failures after which the device's state is unknown: the session must not execute anything any more. */
bool IsFatal(const Failure &failure);

struct Span {
  Clock::time_point begin;
  Clock::time_point end;
};

struct Run {
  uint64_t id = 0;
  /** Index of the gear; without meaning for models that have none. */
  size_t gear = 0;
  /** Shapes of the visible inputs. */
  std::vector<Dims> dims;
  std::vector<size_t> inputBytes;
  /** Copies of the inputs; empty once they are in pinned memory. */
  std::vector<Bytes> inputs;
  /** Indices of the wanted outputs. */
  std::vector<size_t> fetches;
  std::optional<Clock::time_point> deadline;

  std::vector<Output> outputs;
  std::optional<Failure> failure;

  Clock::time_point accepted;
  Span copyIn;
  Span execute;
  Span copyOut;
};

}  // namespace ascend
