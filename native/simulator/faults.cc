#include "faults.h"

#include <unistd.h>

#include "../acl_error_codes.h"
#include "call.h"
#include "lost_device.h"
#include "settings.h"
#include "text.h"
#include "thread_state.h"
#include "waiting.h"

namespace sim {

namespace {

/** Codes of graph functions use all of 32 bits. */
constexpr int64_t largestCode = UINT32_MAX;

bool parseDelay(const std::string &text, Nanoseconds *delay) {
  const size_t unitAt = text.find_first_not_of("0123456789.");
  double amount = 0;
  if (unitAt == std::string::npos || !parsePositiveNumber(text.substr(0, unitAt), &amount)) return false;
  const std::string unit = text.substr(unitAt);
  double nanoseconds = 0;
  if (unit == "us")
    nanoseconds = 1e3;
  else if (unit == "ms")
    nanoseconds = 1e6;
  else if (unit == "s")
    nanoseconds = 1e9;
  else
    return false;
  if (amount * nanoseconds > longestNanoseconds) return false;
  *delay = static_cast<Nanoseconds>(amount * nanoseconds);
  return true;
}

bool parseAction(const std::string &text, Fault *fault) {
  int64_t code = 0;
  if (parseInteger(text, &code) && code > 0 && code <= largestCode) {
    fault->kind = Fault::Kind::Fail;
    fault->code = static_cast<aclError>(code);
    return true;
  }
  if (text == "lost" || text.compare(0, 5, "lost=") == 0) {
    fault->kind = Fault::Kind::Fail;
    fault->losesDevice = true;
    code = acl::ACL_ERROR_RT_LOST_HEARTBEAT;
    if (text.size() > 4 && (!parseInteger(text.substr(5), &code) || code <= 0 || code > largestCode))
      return false;
    fault->code = static_cast<aclError>(code);
    return true;
  }
  if (text == "hang") {
    fault->kind = Fault::Kind::Hang;
    return true;
  }
  if (!parseDelay(text, &fault->delay)) return false;
  fault->kind = Fault::Kind::Delay;
  return true;
}

bool parseUses(const std::string &text, uint64_t *first, uint64_t *last) {
  const size_t dash = text.find('-');
  int64_t from = 0;
  int64_t to = INT64_MAX;
  if (!parseInteger(text.substr(0, dash), &from) || from < 1) return false;
  if (dash == std::string::npos)
    to = from;
  else if (dash + 1 < text.size() && !parseInteger(text.substr(dash + 1), &to))
    return false;
  *first = static_cast<uint64_t>(from);
  *last = static_cast<uint64_t>(to);
  return to >= from;
}

[[noreturn]] void hang(const char *call) {
  logHang(call);
  for (;;) pause();
}

struct FromEnvironment {
  std::vector<std::string> mistakes;
  Faults faults{settings().faults, &mistakes};
};

FromEnvironment &fromEnvironment() {
  static auto *const instance = new FromEnvironment();
  return *instance;
}

}  // namespace

Faults::Faults(const std::string &specification, std::vector<std::string> *mistakes) {
  std::string unified = specification;
  for (char &c : unified)
    if (c == ';') c = ',';
  for (const std::string &text : split(unified, ','))
    if (!text.empty() && !add(text)) mistakes->push_back(text);
}

bool Faults::add(const std::string &text) {
  const size_t colon = text.find(':');
  if (colon == std::string::npos || colon == 0) return false;
  const size_t at = text.find('@', colon);
  Rule rule{{}, 1, UINT64_MAX};
  if (!parseAction(trim(text.substr(colon + 1, at == std::string::npos ? at : at - colon - 1)), &rule.fault))
    return false;
  if (at != std::string::npos && !parseUses(trim(text.substr(at + 1)), &rule.first, &rule.last)) return false;
  targets_[trim(text.substr(0, colon))].rules.push_back(rule);
  return true;
}

std::vector<Fault> Faults::next(const char *call) {
  if (targets_.empty()) return {};
  const auto target = targets_.find(call);
  if (target == targets_.end()) return {};
  const uint64_t use = ++target->second.uses;
  std::vector<Fault> found;
  for (const Rule &rule : target->second.rules)
    if (use >= rule.first && use <= rule.last) found.push_back(rule.fault);
  return found;
}

std::vector<std::string> Faults::calls() const {
  std::vector<std::string> names;
  for (const auto &target : targets_) names.push_back(target.first);
  return names;
}

Faults &faults() {
  return fromEnvironment().faults;
}

const std::vector<std::string> &faultMistakes() {
  return fromEnvironment().mistakes;
}

aclError suffer(const char *call, const std::vector<Fault> &found, Device *device) {
  aclError code = 0;
  for (const Fault &fault : found) {
    if (fault.kind == Fault::Kind::Delay) waitUntil(monotonicNow() + fault.delay);
    if (fault.kind == Fault::Kind::Hang) hang(call);
    if (fault.kind == Fault::Kind::Fail) code = fault.code;
    if (fault.losesDevice && device != nullptr) loseDevice(device, fault.code);
  }
  if (code == 0) return 0;
  return fail(code, "EZ9999",
              format("Inner Error! %s failed with %u because ACL_SIM_FAULTS asks for it.", call,
                     static_cast<unsigned>(code)));
}

}  // namespace sim
