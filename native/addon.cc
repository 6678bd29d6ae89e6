// What JavaScript gets.
#include "addon_data.h"
#include "napi_setup.h"
#include "probe.h"
#include "session.h"

namespace {

Napi::Value Leave(const Napi::CallbackInfo &info) {
  const size_t left = info.Env().GetInstanceData<ascend::AddonData>()->Leave();
  return Napi::Number::New(info.Env(), static_cast<double>(left));
}

/** What V8 has been told of, by everybody: process.memoryUsage() does not show it. */
Napi::Value ExternalMemory(const Napi::CallbackInfo &info) {
  return Napi::Number::New(info.Env(),
                           static_cast<double>(Napi::MemoryManagement::AdjustExternalMemory(info.Env(), 0)));
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  auto *data = new ascend::AddonData;
  env.SetInstanceData(data);
  // For the ways of ending that run no JavaScript, as the termination of a worker_thread.
  env.AddCleanupHook([data] { data->Leave(); });
  exports.Set("Session", ascend::Session::Define(env));
  exports.Set("probe", Napi::Function::New<ascend::Probe>(env, "probe"));
  exports.Set("describeError", Napi::Function::New<ascend::DescribeError>(env, "describeError"));
  exports.Set("externalMemory", Napi::Function::New<ExternalMemory>(env, "externalMemory"));
  exports.Set("leave", Napi::Function::New<Leave>(env, "leave"));
  return exports;
}

}  // namespace

NODE_API_MODULE(ascend_addon, Init)
