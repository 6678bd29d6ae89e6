// Plain data of the native side as JavaScript objects. lib/session/binding.ts declares their shapes.
#pragma once

#include "executor.h"
#include "napi_setup.h"

namespace ascend {

/** What there is to say about an engine once it is open. */
struct Opened {
  ModelInfo info;
  std::string library;
  std::string socName;
  size_t bytes = 0;
};

Napi::Object ToValue(Napi::Env env, const Opened &opened);
Napi::Object ToValue(Napi::Env env, const OpenFailure &failure);
Napi::Object ToValue(Napi::Env env, const Failure &failure);
Napi::Object ToValue(Napi::Env env, const AclFailure &failure);
Napi::Object FailureEvent(Napi::Env env, const Run &run);
/** The arguments of `onResult`; moves the outputs into buffers that belong to JavaScript. One that there is
 * not enough memory for is undefined. */
std::vector<napi_value> ResultArguments(Napi::Env env, Run &run, Dynamics dynamics);

}  // namespace ascend
