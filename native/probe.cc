#include "probe.h"

#include <algorithm>
#include <optional>
#include <string>
#include <thread>

#include "addon_data.h"
#include "runtime.h"
#include "values.h"

namespace ascend {
namespace {

struct Found {
  std::string library;
  std::string socName;
  std::string version;
  uint32_t devices = 0;
  std::optional<OpenFailure> failure;
};

Found Look(const std::string &path) {
  Found found;
  try {
    const Library &library = LoadLibrary(path);
    const AclApi &api = library.api;
    found.library = library.path;
    Initialise(api);
    Check(api, api.aclrtGetDeviceCount(&found.devices), "aclrtGetDeviceCount");
    if (const char *name = api.aclrtGetSocName()) found.socName = name;
    int32_t version[3] = {};
    if (api.aclrtGetVersion != nullptr && api.aclrtGetVersion(&version[0], &version[1], &version[2]) == 0) {
      found.version =
          std::to_string(version[0]) + "." + std::to_string(version[1]) + "." + std::to_string(version[2]);
    }
  } catch (const LibraryFailure &failure) {
    found.failure = failure;
  } catch (const AclException &exception) {
    found.failure = exception.failure();
  } catch (const std::exception &exception) {
    found.failure = std::string(exception.what());
  }
  return found;
}

Napi::Value ToValue(Napi::Env env, const Found &found) {
  Napi::Object value = Napi::Object::New(env);
  if (found.failure.has_value()) {
    value.Set("failure", ToValue(env, *found.failure));
  } else {
    value.Set("library", found.library);
    value.Set("devices", found.devices);
    value.Set("socName", found.socName);
    value.Set("aclVersion", found.version);
  }
  return value;
}

}  // namespace

/** What a probe's thread and JavaScript share; either may be gone before the other. */
class Probing : public std::enable_shared_from_this<Probing> {
 public:
  explicit Probing(Napi::Env env) : deferred_(Napi::Promise::Deferred::New(env)) {}

  Napi::Promise Start(Napi::Env env, std::string library) {
    auto *holder = new std::shared_ptr<Probing>(shared_from_this());
    if (napi_create_threadsafe_function(env, nullptr, nullptr, Napi::String::New(env, "AclProbe"), 0, 1,
                                        holder, &Probing::Ended, holder, &Probing::CallJs,
                                        &function_) != napi_ok) {
      delete holder;
      throw Napi::Error::New(env, "no thread-safe function for the probe");
    }
    napi_unref_threadsafe_function(env, function_);
    try {
      std::thread([self = shared_from_this(), path = std::move(library)] { self->Run(path); }).detach();
    } catch (const std::exception &exception) {
      finished_ = true;
      napi_release_threadsafe_function(function_, napi_tsfn_release);
      throw Napi::Error::New(env, std::string("no thread for the probe: ") + exception.what());
    }
    return deferred_.Promise();
  }

  bool WaitUntilFinished(Clock::time_point deadline) {
    std::unique_lock<std::mutex> lock(mutex_);
    while (!finished_) {
      if (!finishedWake_.WaitUntil(lock, deadline) && !finished_) return false;
    }
    return true;
  }

 private:
  void Run(const std::string &library) {
    Found found = Look(library);
    std::lock_guard<std::mutex> lock(mutex_);
    found_ = std::move(found);
    finished_ = true;
    finishedWake_.NotifyAll();
    if (!alive_) return;
    napi_call_threadsafe_function(function_, nullptr, napi_tsfn_nonblocking);
    napi_release_threadsafe_function(function_, napi_tsfn_release);
  }

  static void CallJs(napi_env env, napi_value, void *holder, void *) {
    if (env == nullptr) return;
    const std::shared_ptr<Probing> self = *static_cast<std::shared_ptr<Probing> *>(holder);
    const Napi::HandleScope scope(env);
    std::lock_guard<std::mutex> lock(self->mutex_);
    self->deferred_.Resolve(ToValue(env, self->found_));
  }

  /** Node deletes the function after this, whether or not the thread still means to call it. */
  static void Ended(napi_env, void *holder, void *) {
    auto *self = static_cast<std::shared_ptr<Probing> *>(holder);
    {
      std::lock_guard<std::mutex> lock((*self)->mutex_);
      (*self)->alive_ = false;
    }
    delete self;
  }

  std::mutex mutex_;
  Condition finishedWake_;
  napi_threadsafe_function function_ = nullptr;
  bool alive_ = true;
  bool finished_ = false;
  Found found_;
  /** Only touched on the JavaScript thread. */
  Napi::Promise::Deferred deferred_;
};

void OpenProbes::Add(const std::shared_ptr<Probing> &probing) {
  entries_.erase(
      std::remove_if(entries_.begin(), entries_.end(), [](const auto &entry) { return entry.expired(); }),
      entries_.end());
  entries_.push_back(probing);
}

size_t OpenProbes::Leave() {
  // CANN's static objects must not be destroyed under a call that is about to return.
  const Clock::time_point deadline = Clock::now() + std::chrono::seconds(1);
  size_t left = 0;
  for (const auto &entry : entries_) {
    const auto probing = entry.lock();
    if (probing != nullptr && !probing->WaitUntilFinished(deadline)) left += 1;
  }
  entries_.clear();
  return left;
}

Napi::Value Probe(const Napi::CallbackInfo &info) {
  const Napi::Env env = info.Env();
  PrepareEnvironment();
  const auto probing = std::make_shared<Probing>(env);
  const Napi::Promise promise = probing->Start(env, info[0].As<Napi::String>());
  env.GetInstanceData<AddonData>()->probes.Add(probing);
  return promise;
}

Napi::Value DescribeError(const Napi::CallbackInfo &info) {
  const int code = info[0].As<Napi::Number>();
  Napi::Object value = Napi::Object::New(info.Env());
  value.Set("aclName", ErrorName(code));
  value.Set("aclClass", ClassName(ClassOf(code)));
  return value;
}

}  // namespace ascend
