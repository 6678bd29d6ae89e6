// aclInit, aclFinalize, errors and versions.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <string>

#include "../acl_error_codes.h"
#include "acl_json.h"
#include "call.h"
#include "fault_names.h"
#include "float16.h"
#include "missing_symbols.h"
#include "model_info.h"
#include "objects.h"
#include "process.h"
#include "settings.h"
#include "text.h"

using namespace sim;

namespace {

struct Release {
  int cann;
  int32_t major, minor, patch;
};
/** The interface's own version by the CANN release that brought it, newest first. */
constexpr Release apiReleases[] = {{900, 1, 17, 0}, {805, 1, 16, 0}, {801, 1, 13, 0}, {0, 1, 2, 0}};

int cannMajor() {
  return settings().cannRelease / 100;
}
int cannMinor() {
  return settings().cannRelease % 100;
}

std::string cannVersion() {
  return format("%d.%d.0", cannMajor(), cannMinor());
}

bool knownPackage(const char *name) {
  for (const char *known : {"runtime", "driver", "compiler", "hccl", "toolkit", "opp", "opp_kernel", "cann"})
    if (strcmp(name, known) == 0) return true;
  return false;
}

struct OutputFile {
  const char *variable;
  const std::string &path;
};

bool canBeOpened(const std::string &path) {
  if (path.empty() || path == "stderr") return true;
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (file >= 0) close(file);
  return file >= 0;
}

/** As invoke(), but the code it answers is not an error of this call. */
template <class Body>
aclError answer(const char *name, Body body) {
  const Nanoseconds start = startOfCall();
  aclError code = 0;
  try {
    code = enter(name);
    if (code == 0) code = body();
  } catch (const std::exception &) {
    code = acl::ACL_ERROR_BAD_ALLOC;
  }
  leave(name, start);
  return code;
}

aclError unknownPackage(const char *name) {
  return fail(acl::ACL_ERROR_INVALID_FILE, "EH0003", format("Package %s is not installed.", name));
}

}  // namespace

size_t sim::dataTypeBytes(aclDataType dataType) {
  switch (dataType) {
    case ACL_DT_UNDEFINED:
    case ACL_STRING:
      return 0;
    case ACL_COMPLEX128:
      return 16;
    case ACL_COMPLEX32:
      return 4;
    case ACL_INT4:
    case ACL_UINT1:
    case ACL_HIFLOAT8:
    case ACL_FLOAT8_E5M2:
    case ACL_FLOAT8_E4M3FN:
    case ACL_FLOAT8_E8M0:
      return 1;
    default: {
      const size_t bytes = elementBytes(dataType);
      return bytes != 0 ? bytes : 8;
    }
  }
}

extern "C" {

aclError aclInit(const char *configPath) {
  return invoke("aclInit", [&]() -> aclError {
    for (const std::string &mistake : settings().mistakes)
      return fail(acl::ACL_ERROR_INVALID_PARAM, "EE2002", "Environment variable " + mistake + ".");
    if (!faultMistakes().empty())
      return fail(acl::ACL_ERROR_INVALID_PARAM, "EE2002",
                  "Environment variable ACL_SIM_FAULTS: \"" + join(faultMistakes(), "\", \"") +
                      "\" is not call:action@uses, such as aclmdlExecute:507018@100-105.");
    const std::vector<std::string> unknownFaults = unknownFaultNames(faults().calls());
    if (!unknownFaults.empty())
      return fail(acl::ACL_ERROR_INVALID_PARAM, "EE2002",
                  "Environment variable ACL_SIM_FAULTS: there is no function " + join(unknownFaults, ", ") +
                      ". The name of an ACL function is expected, or task.");
    for (const OutputFile &file :
         {OutputFile{"ACL_SIM_LOG", settings().logPath}, OutputFile{"ACL_SIM_REPORT", settings().reportPath}})
      if (!canBeOpened(file.path))
        return fail(acl::ACL_ERROR_INVALID_PARAM, "EE2002",
                    format("Environment variable %s=%s: the file cannot be opened for writing: %s.",
                           file.variable, file.path.c_str(), strerror(errno)));
    if (!unknownMissingSymbols().empty())
      return fail(acl::ACL_ERROR_INVALID_PARAM, "EE2002",
                  "Environment variable ACL_SIM_MISSING: this library has no " +
                      join(unknownMissingSymbols(), ", ") + ".");
    const aclError code = checkAclJson(configPath);
    return code != 0 ? code : process().initialise();
  });
}

aclError aclFinalize(void) {
  return invoke("aclFinalize", [] { return process().finalise(true, nullptr); });
}

aclError aclFinalizeReference(uint64_t *refCount) {
  return invoke("aclFinalizeReference", [&] {
    return refCount == nullptr ? nullArgument("refCount") : process().finalise(false, refCount);
  });
}

const char *aclGetRecentErrMsg(void) {
  return invokeOr<const char *>("aclGetRecentErrMsg", nullptr, []() -> const char * {
    ThreadState &thread = threadState();
    if (thread.recent.empty()) return nullptr;
    thread.returned.swap(thread.recent);
    thread.recent.clear();
    return thread.returned.c_str();
  });
}

aclError aclrtGetLastError(aclrtLastErrLevel level) {
  return answer("aclrtGetLastError", [&]() -> aclError {
    if (level != ACL_RT_THREAD_LEVEL) return acl::ACL_ERROR_INVALID_PARAM;
    const aclError code = threadState().lastError;
    threadState().lastError = 0;
    return code;
  });
}

aclError aclrtPeekAtLastError(aclrtLastErrLevel level) {
  return answer("aclrtPeekAtLastError", [&]() -> aclError {
    return level == ACL_RT_THREAD_LEVEL ? threadState().lastError : acl::ACL_ERROR_INVALID_PARAM;
  });
}

aclError aclrtGetVersion(int32_t *majorVersion, int32_t *minorVersion, int32_t *patchVersion) {
  return invoke("aclrtGetVersion", [&]() -> aclError {
    if (majorVersion == nullptr || minorVersion == nullptr || patchVersion == nullptr)
      return nullArgument("version");
    for (const Release &release : apiReleases) {
      if (settings().cannRelease < release.cann) continue;
      *majorVersion = release.major;
      *minorVersion = release.minor;
      *patchVersion = release.patch;
      break;
    }
    return 0;
  });
}

aclError aclsysGetCANNVersion(aclCANNPackageName name, aclCANNPackageVersion *version) {
  return invoke("aclsysGetCANNVersion", [&]() -> aclError {
    if (version == nullptr) return nullArgument("version");
    if (name < ACL_PKG_NAME_CANN || name > ACL_PKG_NAME_DRIVER)
      return fail(acl::ACL_ERROR_INVALID_PARAM, "EH0001", "The package name is out of range.");
    memset(version, 0, sizeof *version);
    snprintf(version->version, sizeof version->version, "%s", cannVersion().c_str());
    snprintf(version->majorVersion, sizeof version->majorVersion, "%d", cannMajor());
    snprintf(version->minorVersion, sizeof version->minorVersion, "%d", cannMinor());
    snprintf(version->releaseVersion, sizeof version->releaseVersion, "0");
    return 0;
  });
}

aclError aclsysGetVersionStr(char *pkgName, char *versionStr) {
  return invoke("aclsysGetVersionStr", [&]() -> aclError {
    if (pkgName == nullptr) return nullArgument("pkgName");
    if (versionStr == nullptr) return nullArgument("versionStr");
    if (!knownPackage(pkgName)) return unknownPackage(pkgName);
    snprintf(versionStr, ACL_PKG_VERSION_MAX_SIZE, "%s", cannVersion().c_str());
    return 0;
  });
}

aclError aclsysGetVersionNum(char *pkgName, int32_t *versionNum) {
  return invoke("aclsysGetVersionNum", [&]() -> aclError {
    if (pkgName == nullptr) return nullArgument("pkgName");
    if (versionNum == nullptr) return nullArgument("versionNum");
    if (!knownPackage(pkgName)) return unknownPackage(pkgName);
    *versionNum = cannMajor() * 10'000'000 + cannMinor() * 100'000;
    return 0;
  });
}

void aclAppLog(aclLogLevel, const char *func, const char *file, uint32_t line, const char *fmt, ...) {
  if (enter("aclAppLog") != 0 || !logging() || fmt == nullptr) return;
  char text[1024];
  va_list arguments;
  va_start(arguments, fmt);
  vsnprintf(text, sizeof text, fmt, arguments);
  va_end(arguments);
  leave(format("aclAppLog %s:%u %s: %s", file != nullptr ? file : "", line, func != nullptr ? func : "", text)
            .c_str(),
        monotonicNow());
}

size_t aclDataTypeSize(aclDataType dataType) {
  return invokeOr<size_t>("aclDataTypeSize", 0, [&] { return dataTypeBytes(dataType); });
}

float aclFloat16ToFloat(aclFloat16 value) {
  return invokeOr<float>("aclFloat16ToFloat", 0, [&] { return halfToFloat(value); });
}

// The vendor's conversion saturates: infinities become the largest number.
aclFloat16 aclFloatToFloat16(float value) {
  return invokeOr<aclFloat16>("aclFloatToFloat16", 0, [&]() -> aclFloat16 {
    const aclFloat16 half = floatToHalf(value);
    return (half & 0x7FFF) == 0x7C00 ? static_cast<aclFloat16>((half & 0x8000) | 0x7BFF) : half;
  });
}

}  // extern "C"
