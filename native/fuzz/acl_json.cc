// The configuration file of aclInit, read from a file as there.
#include "../simulator/acl_json.h"

#include <sys/mman.h>
#include <unistd.h>

#include <string>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  static const int file = memfd_create("acl.json", 0);
  static const std::string path = "/proc/self/fd/" + std::to_string(file);
  if (ftruncate(file, 0) != 0 || pwrite(file, bytes, size, 0) != static_cast<ssize_t>(size)) return 0;
  sim::checkAclJson(path.c_str());
  return 0;
}
