#include "probe.h"

#include <optional>
#include <string>

#include "runtime.h"
#include "values.h"

namespace ascend {
namespace {

class ProbeWorker : public Napi::AsyncWorker {
 public:
  ProbeWorker(Napi::Env env, std::string library)
      : Napi::AsyncWorker(env, "AclProbe"), deferred_(env), library_(std::move(library)) {}

  Napi::Promise promise() const { return deferred_.Promise(); }

 protected:
  void Execute() override {
    try {
      const Library &library = LoadLibrary(library_);
      const AclApi &api = library.api;
      path_ = library.path;
      Initialise(api);
      Check(api, api.aclrtGetDeviceCount(&devices_), "aclrtGetDeviceCount");
      if (const char *name = api.aclrtGetSocName()) socName_ = name;
      int32_t version[3] = {};
      if (api.aclrtGetVersion != nullptr && api.aclrtGetVersion(&version[0], &version[1], &version[2]) == 0) {
        version_ =
            std::to_string(version[0]) + "." + std::to_string(version[1]) + "." + std::to_string(version[2]);
      }
    } catch (const LibraryFailure &failure) {
      failure_ = failure;
    } catch (const AclException &exception) {
      failure_ = exception.failure();
    } catch (const std::exception &exception) {
      failure_ = std::string(exception.what());
    }
  }

  void OnOK() override {
    const Napi::Env env = Env();
    Napi::Object value = Napi::Object::New(env);
    if (failure_.has_value()) {
      value.Set("failure", ToValue(env, *failure_));
    } else {
      value.Set("library", path_);
      value.Set("devices", devices_);
      value.Set("socName", socName_);
      value.Set("aclVersion", version_);
    }
    deferred_.Resolve(value);
  }

 private:
  Napi::Promise::Deferred deferred_;
  std::string library_;
  std::string path_;
  std::string socName_;
  std::string version_;
  uint32_t devices_ = 0;
  std::optional<OpenFailure> failure_;
};

}  // namespace

Napi::Value Probe(const Napi::CallbackInfo &info) {
  PrepareEnvironment();
  auto *worker = new ProbeWorker(info.Env(), info[0].As<Napi::String>());
  const Napi::Promise promise = worker->promise();
  worker->Queue();
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
