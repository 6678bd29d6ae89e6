// Dumps of layers: taken note of, and nothing is dumped.
#include <atomic>

#include "../acl_error_codes.h"
#include "acl_json.h"
#include "call.h"
#include "process.h"

using namespace sim;

namespace {

std::atomic<bool> dumping{false};

aclError notInitialised() {
  return process().initialised()
             ? 0
             : fail(acl::ACL_ERROR_UNINITIALIZE, "EH0001", "aclInit was not called before.");
}

aclError notDumping() {
  return fail(acl::ACL_ERROR_DUMP_NOT_RUN, "EH0001", "aclmdlInitDump was not called before.");
}

}  // namespace

extern "C" {

aclError aclmdlInitDump(void) {
  return invoke("aclmdlInitDump", [&]() -> aclError {
    const aclError code = notInitialised();
    if (code != 0) return code;
    if (!dumping.exchange(true)) return 0;
    return fail(acl::ACL_ERROR_DUMP_ALREADY_RUN, "EH0001", "aclmdlInitDump was called before.");
  });
}

aclError aclmdlSetDump(const char *dumpCfgPath) {
  return invoke("aclmdlSetDump", [&]() -> aclError {
    if (dumpCfgPath == nullptr) return nullArgument("dumpCfgPath");
    const aclError code = notInitialised();
    if (code != 0) return code;
    return dumping ? checkAclJson(dumpCfgPath) : notDumping();
  });
}

aclError aclmdlFinalizeDump(void) {
  return invoke("aclmdlFinalizeDump", [&]() -> aclError {
    const aclError code = notInitialised();
    if (code != 0) return code;
    return dumping.exchange(false) ? 0 : notDumping();
  });
}

}  // extern "C"
