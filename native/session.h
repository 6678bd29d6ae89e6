// A session as JavaScript sees it. The only class that knows both Node-API and the threads that call
// AscendCL.
#pragma once

#include <memory>
#include <vector>

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
  Napi::Value Close(const Napi::CallbackInfo &info);
  Napi::Value Abandon(const Napi::CallbackInfo &info);
  Napi::Value Poll(const Napi::CallbackInfo &info);
  Napi::Value SetPolled(const Napi::CallbackInfo &info);
  Napi::Value KeepAlive(const Napi::CallbackInfo &info);
  Napi::Value LetGo(const Napi::CallbackInfo &info);

  /** Something is on its way to JavaScript, so the collector must leave this object alone. */
  void Hold();
  void Unhold();
  void ReportMemory(int64_t bytes);

  std::shared_ptr<Bridge> bridge_;
  std::shared_ptr<Executor> executor_;
  int held_ = 0;
  int64_t reportedBytes_ = 0;
  bool closing_ = false;
  Dynamics dynamics_ = Dynamics::kStatic;
};

/** The sessions of one JavaScript environment whose threads may still be there. */
class OpenSessions {
 public:
  void Add(const std::shared_ptr<Executor> &executor, std::chrono::milliseconds exitWait);
  /** Nobody waits for this one again. */
  void Remove(const std::shared_ptr<Executor> &executor);
  /**
   * Ends them all and waits for their threads, for each as long as its `exitWait` says; the environment is
   * going away. Returns how many did not end; nobody waits for those again.
   */
  size_t Leave();

 private:
  struct Entry {
    std::weak_ptr<Executor> executor;
    std::chrono::milliseconds exitWait;
  };
  std::vector<Entry> entries_;
};

}  // namespace ascend
