#include "session.h"

#include <sched.h>

#include <deque>
#include <mutex>
#include <new>
#include <utility>

#include "addon_data.h"
#include "values.h"

namespace ascend {

struct Session::Event {
  enum class Kind { kOpened, kFailed, kDone, kClosed };
  Kind kind = Kind::kClosed;
  Opened opened;
  OpenFailure failure;
  Remains remains = Remains::kNothing;
  std::unique_ptr<ascend::Run> run;
};

class Bridge {
 public:
  static std::shared_ptr<Bridge> Create(Napi::Env env, Session *session) {
    std::shared_ptr<Bridge> bridge(new Bridge(session));
    auto *holder = new Holder(bridge);
    const napi_status status =
        napi_create_threadsafe_function(env, nullptr, nullptr, Napi::String::New(env, "AclSession"), 0, 1,
                                        holder, &Bridge::Ended, holder, &Bridge::CallJs, &bridge->function_);
    if (status == napi_ok) return bridge;
    delete holder;
    throw Napi::Error::New(env, "no thread-safe function for the session");
  }

  /** From any thread. */
  void Send(std::unique_ptr<Session::Event> event) {
    std::lock_guard<std::mutex> lock(mutex_);
    if (!alive_) return;
    events_.push_back(std::move(event));
    Signal();
  }

  // The rest on the JavaScript thread.

  /** Hands over what has arrived. */
  void Drain(Napi::Env env) {
    std::deque<std::unique_ptr<Session::Event>> arrived;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      arrived.swap(events_);
    }
    // The device thread may be waiting for this very processor.
    if (arrived.empty()) sched_yield();
    std::optional<Napi::Error> failure;
    for (const auto &event : arrived) {
      if (session_ == nullptr) break;
      // What goes wrong with one event must not take the others along.
      try {
        session_->Deliver(env, *event);
      } catch (const Napi::Error &error) {
        failure = error;
      } catch (const std::exception &exception) {
        failure = Napi::Error::New(env, exception.what());
      }
    }
    if (failure.has_value()) throw *failure;
  }

  /** While it is polled nobody wakes the event loop, which costs more than a short run. */
  void SetPolled(bool polled) {
    std::lock_guard<std::mutex> lock(mutex_);
    polled_ = polled;
    if (alive_ && !events_.empty()) Signal();
  }

  void KeepAlive(Napi::Env env) {
    std::lock_guard<std::mutex> lock(mutex_);
    if (alive_) napi_ref_threadsafe_function(env, function_);
  }
  void LetGo(Napi::Env env) {
    std::lock_guard<std::mutex> lock(mutex_);
    if (alive_) napi_unref_threadsafe_function(env, function_);
  }

  /** Nothing arrives any more. */
  void Close() {
    std::lock_guard<std::mutex> lock(mutex_);
    session_ = nullptr;
    if (!alive_) return;
    alive_ = false;
    napi_release_threadsafe_function(function_, napi_tsfn_release);
  }

 private:
  using Holder = std::shared_ptr<Bridge>;

  static void CallJs(napi_env env, napi_value, void *holder, void *) {
    // Without an environment the holder may be gone too.
    if (env == nullptr) return;
    // Handing over may end in Close(), after which the holder is on its way out.
    const Holder bridge = *static_cast<Holder *>(holder);
    {
      std::lock_guard<std::mutex> lock(bridge->mutex_);
      bridge->signalled_ = false;
    }
    try {
      bridge->Drain(env);
    } catch (const Napi::Error &error) {
      error.ThrowAsJavaScriptException();
    } catch (const std::exception &exception) {
      napi_throw_error(env, nullptr, exception.what());
    }
  }

  /** Node deletes the function after this, whether or not a thread still means to call it. */
  static void Ended(napi_env, void *holder, void *) {
    (*static_cast<Holder *>(holder))->Lose();
    delete static_cast<Holder *>(holder);
  }

  explicit Bridge(Session *session) : session_(session) {}

  void Signal() {
    if (polled_ || signalled_) return;
    if (napi_call_threadsafe_function(function_, nullptr, napi_tsfn_nonblocking) == napi_ok) {
      signalled_ = true;
    } else {
      alive_ = false;
    }
  }

  void Lose() {
    std::lock_guard<std::mutex> lock(mutex_);
    alive_ = false;
  }

  std::mutex mutex_;
  napi_threadsafe_function function_ = nullptr;
  std::deque<std::unique_ptr<Session::Event>> events_;
  bool alive_ = true;
  bool polled_ = false;
  bool signalled_ = false;
  /** Only touched on the JavaScript thread. */
  Session *session_;
};

namespace {

ExecutorEvents EventsFor(const std::shared_ptr<Bridge> &bridge) {
  using Event = Session::Event;
  ExecutorEvents events;
  events.opened = [bridge](const Engine &engine) {
    auto event = std::make_unique<Event>();
    event->kind = Event::Kind::kOpened;
    event->opened = {engine.info(), engine.libraryPath(), engine.socName(), engine.bytes()};
    bridge->Send(std::move(event));
  };
  events.failed = [bridge](OpenFailure failure) {
    auto event = std::make_unique<Event>();
    event->kind = Event::Kind::kFailed;
    event->failure = std::move(failure);
    bridge->Send(std::move(event));
  };
  events.done = [bridge](std::unique_ptr<Run> run) {
    auto event = std::make_unique<Event>();
    event->kind = Event::Kind::kDone;
    event->run = std::move(run);
    bridge->Send(std::move(event));
  };
  events.closed = [bridge](Remains remains) {
    auto event = std::make_unique<Event>();
    event->remains = remains;
    bridge->Send(std::move(event));
  };
  return events;
}

uint64_t RunIdOf(const Napi::Value &value) {
  return static_cast<uint64_t>(value.As<Napi::Number>().Int64Value());
}

/** A mistake in what JavaScript handed over, with a code that tells it from all others. */
Napi::Error Refusal(Napi::Env env, const char *code, const std::string &message) {
  Napi::Error error = Napi::TypeError::New(env, message);
  error.Value().Set("code", code);
  return error;
}

/** As Node-API has them: what an array says of itself in JavaScript may be overridden. */
Source SourceOf(const Napi::Value &value) {
  napi_typedarray_type type = napi_float64_array;
  size_t length = 0;
  void *data = nullptr;
  const napi_status status =
      napi_get_typedarray_info(value.Env(), value, &type, &length, &data, nullptr, nullptr);
  if (status != napi_ok || type != napi_uint8_array) {
    throw Refusal(value.Env(), "INPUT_TYPE", "bytes must be in a Uint8Array");
  }
  return {static_cast<const uint8_t *>(data), length};
}

Dims DimsOf(const Napi::Value &value) {
  const auto shape = value.As<Napi::Array>();
  Dims dims;
  for (uint32_t axis = 0; axis < shape.Length(); ++axis) {
    dims.push_back(shape.Get(axis).As<Napi::Number>().Int64Value());
  }
  return dims;
}

EngineOptions OptionsFrom(const Napi::Object &given) {
  EngineOptions options;
  options.tally = std::make_shared<MemoryTally>();
  options.library = given.Get("library").As<Napi::String>();
  options.device = given.Get("device").As<Napi::Number>();
  const Napi::Value model = given.Get("model");
  if (model.IsString()) {
    options.path = model.As<Napi::String>();
  } else {
    try {
      options.bytes = CopyOf(SourceOf(model), options.tally);
    } catch (const std::bad_alloc &exception) {
      throw Napi::Error::New(given.Env(), exception.what());
    }
  }
  const auto sizes = given.Get("outputBytes").As<Napi::Object>();
  for (const auto &size : sizes) {
    options.outputBytes[size.first.As<Napi::String>()] =
        static_cast<size_t>(static_cast<Napi::Value>(size.second).As<Napi::Number>().Int64Value());
  }
  return options;
}

}  // namespace

Napi::Function Session::Define(Napi::Env env) {
  return DefineClass(
      env, "Session",
      {InstanceMethod<&Session::Run>("run"), InstanceMethod<&Session::Drop>("drop"),
       InstanceMethod<&Session::IsCopyingIn>("isCopyingIn"), InstanceMethod<&Session::Begun>("begun"),
       InstanceMethod<&Session::IsStopped>("isStopped"), InstanceMethod<&Session::Close>("close"),
       InstanceMethod<&Session::Abandon>("abandon"), InstanceMethod<&Session::Poll>("poll"),
       InstanceMethod<&Session::SetPolled>("setPolled"), InstanceMethod<&Session::KeepAlive>("keepAlive"),
       InstanceMethod<&Session::LetGo>("letGo")});
}

Session::Session(const Napi::CallbackInfo &info) : Napi::ObjectWrap<Session>(info) {
  const Napi::Env env = info.Env();
  const auto given = info[0].As<Napi::Object>();
  EngineOptions options = OptionsFrom(given);
  const std::chrono::milliseconds exitWait(given.Get("exitWaitMs").As<Napi::Number>().Int64Value());
  PrepareEnvironment();
  bridge_ = Bridge::Create(env, this);
  try {
    executor_ = Executor::Start(std::move(options), EventsFor(bridge_));
  } catch (const std::exception &exception) {
    bridge_->Close();
    throw Napi::Error::New(env, std::string("no thread for the session: ") + exception.what());
  }
  env.GetInstanceData<AddonData>()->sessions.Add(executor_, exitWait);
  // Until it is open, or has failed to be and is closed again.
  Hold();
  ReportMemory();
}

Session::~Session() {
  if (executor_ != nullptr) executor_->Stop();
  if (bridge_ != nullptr) bridge_->Close();
  ForgetMemory();
}

Napi::Value Session::Run(const Napi::CallbackInfo &info) {
  const Napi::Env env = info.Env();
  if (closing_) return Napi::Boolean::New(env, false);
  try {
    auto run = std::make_unique<ascend::Run>();
    run->id = RunIdOf(info[0]);
    run->gear = info[1].As<Napi::Number>().Uint32Value();
    const auto inputs = info[2].As<Napi::Array>();
    const auto shapes = info[3].As<Napi::Array>();
    const auto fetches = info[4].As<Napi::Array>();
    const double timeoutMs = info[5].As<Napi::Number>().DoubleValue();
    if (model_.dynamics == Dynamics::kShape) {
      for (uint32_t i = 0; i < shapes.Length(); ++i) run->dims.push_back(DimsOf(shapes.Get(i)));
    }
    for (uint32_t i = 0; i < fetches.Length(); ++i) {
      run->fetches.push_back(fetches.Get(i).As<Napi::Number>().Uint32Value());
    }
    if (timeoutMs > 0) {
      run->deadline = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                         std::chrono::duration<double, std::milli>(timeoutMs));
    }
    // Last: from here on nothing of JavaScript runs that could take the memory away.
    std::vector<Source> sources;
    for (uint32_t i = 0; i < inputs.Length(); ++i) sources.push_back(SourceOf(inputs.Get(i)));
    const std::string mistake = MistakeIn(model_, *run, sources);
    if (!mistake.empty()) throw Refusal(env, "INPUT_TYPE", mistake);
    const bool taken = executor_->Submit(std::move(run), sources);
    if (taken) Hold();
    ReportMemory();
    return Napi::Boolean::New(env, taken);
  } catch (const std::bad_alloc &exception) {
    throw Napi::Error::New(env, exception.what());
  }
}

Napi::Value Session::Drop(const Napi::CallbackInfo &info) {
  const Napi::Env env = info.Env();
  const Dropped dropped = executor_->Drop(RunIdOf(info[0]));
  if (dropped == Dropped::kTooLate) return Napi::String::New(env, "too late");
  Unhold();
  ReportMemory();
  return Napi::String::New(env, dropped == Dropped::kCopying ? "copying" : "dropped");
}

Napi::Value Session::IsCopyingIn(const Napi::CallbackInfo &info) {
  return Napi::Boolean::New(info.Env(), executor_->IsCopyingIn(RunIdOf(info[0])));
}

Napi::Value Session::Begun(const Napi::CallbackInfo &info) {
  return Napi::Number::New(info.Env(), static_cast<double>(executor_->begun()));
}

Napi::Value Session::IsStopped(const Napi::CallbackInfo &info) {
  return Napi::Boolean::New(info.Env(), executor_->stopping());
}

Napi::Value Session::Close(const Napi::CallbackInfo &info) {
  if (!closing_) {
    closing_ = true;
    Hold();
    executor_->Stop();
  }
  return info.Env().Undefined();
}

Napi::Value Session::Abandon(const Napi::CallbackInfo &info) {
  closing_ = true;
  executor_->Stop();
  info.Env().GetInstanceData<AddonData>()->sessions.Remove(executor_);
  bridge_->Close();
  ForgetMemory();
  if (held_ > 0) {
    held_ = 0;
    Unref();
  }
  return info.Env().Undefined();
}

Napi::Value Session::Poll(const Napi::CallbackInfo &info) {
  bridge_->Drain(info.Env());
  return info.Env().Undefined();
}

Napi::Value Session::SetPolled(const Napi::CallbackInfo &info) {
  bridge_->SetPolled(info[0].As<Napi::Boolean>());
  return info.Env().Undefined();
}

Napi::Value Session::KeepAlive(const Napi::CallbackInfo &info) {
  bridge_->KeepAlive(info.Env());
  return info.Env().Undefined();
}

Napi::Value Session::LetGo(const Napi::CallbackInfo &info) {
  bridge_->LetGo(info.Env());
  return info.Env().Undefined();
}

void Session::Deliver(Napi::Env env, Event &event) {
  const Napi::HandleScope scope(env);
  const Napi::Object self = Value();
  Napi::Object value;
  switch (event.kind) {
    case Event::Kind::kOpened:
      ReportMemory();
      value = ToValue(env, event.opened);
      value.Set("kind", "opened");
      model_ = std::move(event.opened.info);
      Unhold();
      break;
    case Event::Kind::kFailed:
      value = Napi::Object::New(env);
      value.Set("kind", "failed");
      value.Set("failure", ToValue(env, event.failure));
      closing_ = true;
      break;
    case Event::Kind::kDone:
      Unhold();
      ReportMemory();
      if (!event.run->failure.has_value()) {
        self.Get("onResult")
            .As<Napi::Function>()
            .Call(self, ResultArguments(env, *event.run, model_.dynamics));
        return;
      }
      value = FailureEvent(env, *event.run);
      break;
    case Event::Kind::kClosed:
      value = Napi::Object::New(env);
      value.Set("kind", "closed");
      value.Set("leftBehind", event.remains == Remains::kEngine);
      ForgetMemory();
      bridge_->Close();
      if (held_ > 0) {
        held_ = 0;
        Unref();
      }
      break;
  }
  self.Get("onEvent").As<Napi::Function>().Call(self, {value});
}

void Session::Hold() {
  if (held_++ == 0) Ref();
}

void Session::Unhold() {
  if (--held_ == 0) Unref();
}

void Session::ReportMemory() {
  if (!reportsMemory_) return;
  const auto bytes = static_cast<int64_t>(executor_->heldBytes());
  if (bytes == reportedBytes_) return;
  Napi::MemoryManagement::AdjustExternalMemory(Env(), bytes - reportedBytes_);
  reportedBytes_ = bytes;
}

void Session::ForgetMemory() {
  reportsMemory_ = false;
  if (reportedBytes_ != 0) Napi::MemoryManagement::AdjustExternalMemory(Env(), -reportedBytes_);
  reportedBytes_ = 0;
}

}  // namespace ascend
