#include "values.h"

#include <cstring>

namespace ascend {
namespace {

template <typename T, typename Convert>
Napi::Array ToArray(Napi::Env env, const std::vector<T> &values, Convert convert) {
  Napi::Array array = Napi::Array::New(env, values.size());
  for (size_t i = 0; i < values.size(); ++i) array.Set(static_cast<uint32_t>(i), convert(values[i]));
  return array;
}

Napi::Array ToArray(Napi::Env env, const Dims &dims) {
  return ToArray(env, dims, [env](int64_t dim) { return Napi::Number::New(env, static_cast<double>(dim)); });
}

Napi::Array ToArray(Napi::Env env, const std::vector<std::string> &texts) {
  return ToArray(env, texts, [env](const std::string &text) { return Napi::String::New(env, text); });
}

Napi::Array ToArray(Napi::Env env, const std::vector<Dims> &shapes) {
  return ToArray(env, shapes, [env](const Dims &dims) { return ToArray(env, dims); });
}

Napi::Object ToValue(Napi::Env env, const TensorInfo &tensor) {
  Napi::Object value = Napi::Object::New(env);
  value.Set("name", tensor.name);
  value.Set("type", static_cast<int>(tensor.type));
  value.Set("dims", ToArray(env, tensor.dims));
  value.Set("bytes", static_cast<double>(tensor.bytes));
  return value;
}

const char *ToText(Dynamics dynamics) {
  switch (dynamics) {
    case Dynamics::kBatch:
      return "batch";
    case Dynamics::kImage:
      return "image";
    case Dynamics::kDims:
      return "dims";
    case Dynamics::kShape:
      return "shape";
    case Dynamics::kStatic:
      break;
  }
  return "static";
}

Napi::Object ToValue(Napi::Env env, const LibraryFailure &failure) {
  Napi::Object value = Napi::Object::New(env);
  switch (failure.kind) {
    case LibraryFailure::Kind::kNotFound:
      value.Set("kind", "libraryNotFound");
      value.Set("tried", ToArray(env, failure.tried, [env](const LibraryAttempt &attempt) {
                  Napi::Object tried = Napi::Object::New(env);
                  tried.Set("path", attempt.path);
                  tried.Set("reason", attempt.reason);
                  return tried;
                }));
      break;
    case LibraryFailure::Kind::kSymbolMissing:
      value.Set("kind", "symbolMissing");
      value.Set("path", failure.path);
      value.Set("missing", ToArray(env, failure.missing));
      break;
    case LibraryFailure::Kind::kOtherLoaded:
      value.Set("kind", "otherLibraryLoaded");
      value.Set("path", failure.path);
      break;
  }
  return value;
}

Napi::Object InternalFailure(Napi::Env env, const std::string &message) {
  Napi::Object value = Napi::Object::New(env);
  value.Set("kind", "internal");
  value.Set("message", message);
  return value;
}

/** Undefined when there is not enough memory. */
Napi::Value CopyOf(Napi::Env env, const Bytes &bytes) {
  try {
    // napi_create_arraybuffer ends the process where this throws.
    const Napi::Value made = env.Global()
                                 .Get("ArrayBuffer")
                                 .As<Napi::Function>()
                                 .New({Napi::Number::New(env, static_cast<double>(bytes.size))});
    if (!made.IsArrayBuffer()) return env.Undefined();
    auto buffer = made.As<Napi::ArrayBuffer>();
    if (buffer.ByteLength() != bytes.size) return env.Undefined();
    if (bytes.size > 0) std::memcpy(buffer.Data(), bytes.data.get(), bytes.size);
    return buffer;
  } catch (const Napi::Error &) {
    return env.Undefined();
  }
}

Napi::Number Milliseconds(Napi::Env env, Clock::duration duration) {
  return Napi::Number::New(env, std::chrono::duration<double, std::milli>(duration).count());
}

}  // namespace

Napi::Object ToValue(Napi::Env env, const Opened &opened) {
  const auto tensor = [env](const TensorInfo &info) { return ToValue(env, info); };
  Napi::Object value = Napi::Object::New(env);
  value.Set("library", opened.library);
  value.Set("socName", opened.socName);
  value.Set("bytes", static_cast<double>(opened.bytes));
  value.Set("dynamics", ToText(opened.info.dynamics));
  value.Set("inputs", ToArray(env, opened.info.inputs, tensor));
  value.Set("outputs", ToArray(env, opened.info.outputs, tensor));
  value.Set("gears", ToArray(env, opened.info.gears, [env](const Gear &gear) {
              Napi::Object shapes = Napi::Object::New(env);
              shapes.Set("inputs", ToArray(env, gear.inputs));
              shapes.Set("outputs", ToArray(env, gear.outputs));
              return shapes;
            }));
  return value;
}

Napi::Object ToValue(Napi::Env env, const AclFailure &failure) {
  Napi::Object value = Napi::Object::New(env);
  value.Set("kind", "acl");
  value.Set("call", failure.call);
  value.Set("aclError", failure.code);
  value.Set("aclName", ErrorName(failure.code));
  value.Set("aclClass", ClassName(ClassOf(failure.code)));
  value.Set("aclMessage", failure.message);
  if (failure.visibleDevices.has_value()) value.Set("visibleDevices", *failure.visibleDevices);
  return value;
}

Napi::Object ToValue(Napi::Env env, const OpenFailure &failure) {
  if (const auto *library = std::get_if<LibraryFailure>(&failure)) return ToValue(env, *library);
  if (const auto *acl = std::get_if<AclFailure>(&failure)) return ToValue(env, *acl);
  return InternalFailure(env, std::get<std::string>(failure));
}

Napi::Object ToValue(Napi::Env env, const Failure &failure) {
  if (failure.kind == Failure::Kind::kAcl) return ToValue(env, failure.acl);
  if (failure.kind == Failure::Kind::kInternal) return InternalFailure(env, failure.message);
  Napi::Object value = Napi::Object::New(env);
  value.Set("kind", "deadline");
  return value;
}

Napi::Object FailureEvent(Napi::Env env, const Run &run) {
  Napi::Object value = Napi::Object::New(env);
  value.Set("kind", "runFailed");
  value.Set("id", static_cast<double>(run.id));
  value.Set("failure", ToValue(env, *run.failure));
  value.Set("fatal", IsFatal(*run.failure));
  return value;
}

std::vector<napi_value> ResultArguments(Napi::Env env, Run &run, Dynamics dynamics) {
  Napi::Array data = Napi::Array::New(env, run.outputs.size());
  for (size_t i = 0; i < run.outputs.size(); ++i) {
    data.Set(static_cast<uint32_t>(i), CopyOf(env, run.outputs[i].bytes));
    run.outputs[i].bytes = Bytes();
  }
  const Napi::Value dims =
      dynamics == Dynamics::kShape
          ? ToArray(env, run.outputs, [env](const Output &output) { return ToArray(env, output.dims); })
          : env.Undefined();
  // Waiting is whatever passed before the execution that was not spent copying.
  const Clock::duration copyIn = run.copyIn.end - run.copyIn.begin;
  return {Napi::Number::New(env, static_cast<double>(run.id)),
          data,
          dims,
          Milliseconds(env, run.execute.begin - run.accepted - copyIn),
          Milliseconds(env, copyIn),
          Milliseconds(env, run.execute.end - run.execute.begin),
          Milliseconds(env, run.copyOut.end - run.copyOut.begin),
          Milliseconds(env, run.execute.begin.time_since_epoch())};
}

}  // namespace ascend
