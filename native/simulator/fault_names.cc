#include "fault_names.h"

#include <dlfcn.h>

#include <algorithm>
#include <cstdio>

#include "glibc_floor.h"

namespace sim {

namespace {

constexpr const char *libraries[] = {"libascendcl.so", "libacl_op_compiler.so", "libacl_dvpp.so",
                                     "libacl_cblas.so", "libfmk_onnx_parser.so"};

std::string contents(const std::string &path) {
  FILE *file = fopen(path.c_str(), "rbe");
  if (file == nullptr) return "";
  std::string all;
  char part[65536];
  for (size_t read = 0; (read = fread(part, 1, sizeof part, file)) > 0;) all.append(part, read);
  fclose(file);
  return all;
}

bool looksLikeFunction(const std::string &name) {
  return name.compare(0, 3, "acl") == 0 && std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
         });
}

}  // namespace

std::vector<std::string> unknownFaultNames(const std::vector<std::string> &names) {
  std::vector<std::string> unknown;
  for (const std::string &name : names)
    if (name != "task") unknown.push_back(name);
  if (unknown.empty()) return {};
  Dl_info self{};
  if (dladdr(reinterpret_cast<const void *>(&unknownFaultNames), &self) == 0) return {};
  const std::string path = self.dli_fname;
  // Loaded by a path from a folder that is not the current one any more: nothing can be said.
  if (contents(path).empty()) return {};
  const size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "" : path.substr(0, slash + 1);
  for (const char *library : libraries) {
    // Every function gives its name to enter() as a string, graph functions too, whose symbols are mangled.
    const std::string image = contents(folder + library);
    const auto isThere = [&image](const std::string &name) {
      const std::string delimited = std::string(1, '\0') + name + '\0';
      return looksLikeFunction(name) && image.find(delimited) != std::string::npos;
    };
    unknown.erase(std::remove_if(unknown.begin(), unknown.end(), isThere), unknown.end());
  }
  return unknown;
}

}  // namespace sim
