#pragma once

#include "napi_setup.h"

namespace ascend {

/** `probe(library)`: loads and initialises AscendCL on a pool thread; a promise of what was found or what
 * failed. */
Napi::Value Probe(const Napi::CallbackInfo &info);

/** `describeError(code)`: name and class of an AscendCL error code. */
Napi::Value DescribeError(const Napi::CallbackInfo &info);

}  // namespace ascend
