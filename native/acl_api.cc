#include "acl_api.h"

namespace ascend {

std::vector<std::string> FillApi(AclApi &api, SymbolSource &source) {
  std::vector<std::string> missing;
#define ASCEND_FIND(name) api.name = reinterpret_cast<decltype(api.name)>(source.Find(#name));
#define ASCEND_REQUIRE(name) \
  ASCEND_FIND(name)          \
  if (api.name == nullptr) missing.push_back(#name);
  ASCEND_CORE_SYMBOLS(ASCEND_REQUIRE)
  ASCEND_OPTIONAL_SYMBOLS(ASCEND_FIND)
#undef ASCEND_REQUIRE
#undef ASCEND_FIND
  return missing;
}

}  // namespace ascend
