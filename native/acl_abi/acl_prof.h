// AscendCL's profiler.
#ifndef ACL_ABI_ACL_PROF_H_
#define ACL_ABI_ACL_PROF_H_

#include "acl_base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct aclprofConfig aclprofConfig;

aclError aclprofInit(const char *profilerResultPath, size_t length);
aclError aclprofStart(const aclprofConfig *profilerConfig);
aclError aclprofStop(const aclprofConfig *profilerConfig);
aclError aclprofFinalize(void);

#ifdef __cplusplus
}
#endif

#endif  // ACL_ABI_ACL_PROF_H_
