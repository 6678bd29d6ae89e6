#pragma once

#include "acl_error.h"

namespace ascend {

/** A context of one device. Creating it makes it the creating thread's current one. */
class Context {
 public:
  Context(const AclApi &api, int device) : api_(api) {
    Check(api, api.aclrtCreateContext(&context_, device), "aclrtCreateContext");
  }
  ~Context() { api_.aclrtDestroyContext(context_); }
  Context(const Context &) = delete;
  Context &operator=(const Context &) = delete;

  /** Each thread has a current context of its own, which most calls need. */
  void MakeCurrent() { Check(api_, api_.aclrtSetCurrentContext(context_), "aclrtSetCurrentContext"); }

 private:
  const AclApi &api_;
  aclrtContext context_ = nullptr;
};

}  // namespace ascend
