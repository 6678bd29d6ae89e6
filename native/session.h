// A session as JavaScript sees it. The only class that knows both Node-API and the threads that call
// AscendCL.
#pragma once

#include <memory>

#include "executor.h"
#include "napi_setup.h"

namespace ascend {

/** What the threads of a session reach JavaScript through, for as long as there is one. */
class Bridge;

class Session : public Napi::ObjectWrap<Session> {
 public:
  static Napi::Function Define(Napi::Env env);

  explicit Session(const Napi::CallbackInfo &info);
  ~Session() override;

  /** On the JavaScript thread: hands an event to the object's `onEvent`. */
  struct Event;
  void Deliver(Napi::Env env, Event &event);

 private:
  Napi::Value Run(const Napi::CallbackInfo &info);
  Napi::Value Drop(const Napi::CallbackInfo &info);
  Napi::Value IsCopyingIn(const Napi::CallbackInfo &info);
  Napi::Value Begun(const Napi::CallbackInfo &info);
  Napi::Value IsStopped(const Napi::CallbackInfo &info);
  Napi::Value Close(const Napi::CallbackInfo &info);
  Napi::Value Abandon(const Napi::CallbackInfo &info);
  Napi::Value Poll(const Napi::CallbackInfo &info);
  Napi::Value SetPolled(const Napi::CallbackInfo &info);
  Napi::Value KeepAlive(const Napi::CallbackInfo &info);
  Napi::Value LetGo(const Napi::CallbackInfo &info);

  /** Something is on its way to JavaScript, so the collector must leave this object alone. */
  void Hold();
  void Unhold();
  /** Tells V8 how much memory the session holds by now. */
  void ReportMemory();
  /** Everything is given back, or lost for good: no collection would free any of it. */
  void ForgetMemory();

  std::shared_ptr<Bridge> bridge_;
  std::shared_ptr<Executor> executor_;
  int held_ = 0;
  int64_t reportedBytes_ = 0;
  bool reportsMemory_ = true;
  bool closing_ = false;
  /** Once it is open. */
  ModelInfo model_;
};

}  // namespace ascend
