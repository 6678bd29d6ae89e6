#include "session.h"

#include <sched.h>

#include <algorithm>
#include <cstring>
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
    if (alive_) napi_ref_threadsafe_function(env, function_);
  }
  void LetGo(Napi::Env env) {
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

Source SourceOf(const Napi::Value &value) {
  const auto view = value.As<Napi::Uint8Array>();
  return {view.Data(), view.ByteLength()};
}

Bytes CopyOf(const Source &source) {
  Bytes copy = {std::unique_ptr<uint8_t[]>(new uint8_t[source.bytes]), source.bytes};
  if (source.bytes > 0) std::memcpy(copy.data.get(), source.data, source.bytes);
  return copy;
}

EngineOptions OptionsFrom(const Napi::Object &given) {
  EngineOptions options;
  options.library = given.Get("library").As<Napi::String>();
  options.device = given.Get("device").As<Napi::Number>();
  const Napi::Value model = given.Get("model");
  if (model.IsString()) {
    options.path = model.As<Napi::String>();
  } else {
    try {
      options.bytes = CopyOf(SourceOf(model));
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
       InstanceMethod<&Session::Close>("close"), InstanceMethod<&Session::Abandon>("abandon"),
       InstanceMethod<&Session::Poll>("poll"), InstanceMethod<&Session::SetPolled>("setPolled"),
       InstanceMethod<&Session::KeepAlive>("keepAlive"), InstanceMethod<&Session::LetGo>("letGo")});
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
}

Session::~Session() {
  if (executor_ != nullptr) executor_->Stop();
  if (bridge_ != nullptr) bridge_->Close();
  ReportMemory(0);
}

Napi::Value Session::Run(const Napi::CallbackInfo &info) {
  const Napi::Env env = info.Env();
  if (closing_) return Napi::Boolean::New(env, false);
  auto run = std::make_unique<ascend::Run>();
  run->id = RunIdOf(info[0]);
  run->gear = info[1].As<Napi::Number>().Uint32Value();
  const auto inputs = info[2].As<Napi::Array>();
  const auto shapes = info[3].As<Napi::Array>();
  const auto fetches = info[4].As<Napi::Array>();
  const double timeoutMs = info[5].As<Napi::Number>().DoubleValue();
  std::vector<Source> sources;
  for (uint32_t i = 0; i < inputs.Length(); ++i) {
    sources.push_back(SourceOf(inputs.Get(i)));
    if (dynamics_ != Dynamics::kShape) continue;
    const auto shape = shapes.Get(i).As<Napi::Array>();
    Dims dims;
    for (uint32_t axis = 0; axis < shape.Length(); ++axis) {
      dims.push_back(shape.Get(axis).As<Napi::Number>().Int64Value());
    }
    run->dims.push_back(std::move(dims));
  }
  for (uint32_t i = 0; i < fetches.Length(); ++i) {
    run->fetches.push_back(fetches.Get(i).As<Napi::Number>().Uint32Value());
  }
  if (timeoutMs > 0) {
    run->deadline = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                       std::chrono::duration<double, std::milli>(timeoutMs));
  }
  try {
    const bool taken = executor_->Submit(std::move(run), sources);
    if (taken) Hold();
    return Napi::Boolean::New(env, taken);
  } catch (const std::bad_alloc &exception) {
    throw Napi::Error::New(env, exception.what());
  }
}

Napi::Value Session::Drop(const Napi::CallbackInfo &info) {
  const Napi::Env env = info.Env();
  switch (executor_->Drop(RunIdOf(info[0]))) {
    case Dropped::kTooLate:
      return Napi::String::New(env, "too late");
    case Dropped::kCopying:
      Unhold();
      return Napi::String::New(env, "copying");
    case Dropped::kBeforeAnyCall:
      Unhold();
      break;
  }
  return Napi::String::New(env, "dropped");
}

Napi::Value Session::IsCopyingIn(const Napi::CallbackInfo &info) {
  return Napi::Boolean::New(info.Env(), executor_->IsCopyingIn(RunIdOf(info[0])));
}

Napi::Value Session::Begun(const Napi::CallbackInfo &info) {
  return Napi::Number::New(info.Env(), static_cast<double>(executor_->begun()));
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
      ReportMemory(static_cast<int64_t>(event.opened.bytes));
      value = ToValue(env, event.opened);
      value.Set("kind", "opened");
      dynamics_ = event.opened.info.dynamics;
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
      if (!event.run->failure.has_value()) {
        self.Get("onResult").As<Napi::Function>().Call(self, ResultArguments(env, *event.run, dynamics_));
        return;
      }
      value = FailureEvent(env, *event.run);
      break;
    case Event::Kind::kClosed:
      value = Napi::Object::New(env);
      value.Set("kind", "closed");
      value.Set("leftBehind", event.remains == Remains::kEngine);
      ReportMemory(0);
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

void Session::ReportMemory(int64_t bytes) {
  if (bytes == reportedBytes_) return;
  Napi::MemoryManagement::AdjustExternalMemory(Env(), bytes - reportedBytes_);
  reportedBytes_ = bytes;
}

void OpenSessions::Add(const std::shared_ptr<Executor> &executor, std::chrono::milliseconds exitWait) {
  entries_.erase(std::remove_if(entries_.begin(), entries_.end(),
                                [](const Entry &entry) { return entry.executor.expired(); }),
                 entries_.end());
  entries_.push_back({executor, exitWait});
}

void OpenSessions::Remove(const std::shared_ptr<Executor> &executor) {
  entries_.erase(std::remove_if(entries_.begin(), entries_.end(),
                                [&](const Entry &entry) { return entry.executor.lock() == executor; }),
                 entries_.end());
}

size_t OpenSessions::Leave() {
  const Clock::time_point now = Clock::now();
  for (const Entry &entry : entries_) {
    if (const auto executor = entry.executor.lock()) executor->Stop();
  }
  size_t left = 0;
  for (const Entry &entry : entries_) {
    const auto executor = entry.executor.lock();
    if (executor != nullptr && !executor->WaitUntilFinished(now + entry.exitWait)) left += 1;
  }
  entries_.clear();
  return left;
}

}  // namespace ascend
