// Attributes of single operators: kept, counted, and never looked at, because operators are not executed.
#include <map>
#include <string>
#include <vector>

#include "../acl_error_codes.h"
#include "call.h"
#include "ledger.h"
#include "process.h"
#include "text.h"

using namespace sim;

struct aclopAttr {
  /** As text: nobody reads them back. */
  std::map<std::string, std::string> values;
};

namespace {

template <class Value>
aclError setAttribute(const char *call, aclopAttr *attr, const char *attrName, Value value) {
  return invoke(call, [&]() -> aclError {
    if (attr == nullptr) return nullArgument("attr");
    if (attrName == nullptr) return nullArgument("attrName");
    attr->values[attrName] = value();
    return 0;
  });
}

}  // namespace

extern "C" {

aclopAttr *aclopCreateAttr(void) {
  return invokeOr<aclopAttr *>("aclopCreateAttr", nullptr, [] {
    auto *attr = new aclopAttr();
    ++ledger().live.operatorAttributes;
    return attr;
  });
}

void aclopDestroyAttr(const aclopAttr *attr) {
  invokeVoid("aclopDestroyAttr", [&] {
    if (attr == nullptr) return;
    delete attr;
    --ledger().live.operatorAttributes;
  });
}

aclError aclopSetAttrBool(aclopAttr *attr, const char *attrName, uint8_t attrValue) {
  return setAttribute("aclopSetAttrBool", attr, attrName,
                      [&] { return std::string(attrValue != 0 ? "true" : "false"); });
}

aclError aclopSetAttrInt(aclopAttr *attr, const char *attrName, int64_t attrValue) {
  return setAttribute("aclopSetAttrInt", attr, attrName, [&] { return std::to_string(attrValue); });
}

aclError aclopSetAttrFloat(aclopAttr *attr, const char *attrName, float attrValue) {
  return setAttribute("aclopSetAttrFloat", attr, attrName,
                      [&] { return format("%g", static_cast<double>(attrValue)); });
}

aclError aclopSetAttrString(aclopAttr *attr, const char *attrName, const char *attrValue) {
  return attrValue == nullptr
             ? invoke("aclopSetAttrString", [] { return nullArgument("attrValue"); })
             : setAttribute("aclopSetAttrString", attr, attrName, [&] { return std::string(attrValue); });
}

aclError aclopSetAttrListInt(aclopAttr *attr, const char *attrName, int numValues, const int64_t *values) {
  if (numValues < 0 || (values == nullptr && numValues > 0))
    return invoke("aclopSetAttrListInt", [&]() -> aclError {
      return values == nullptr ? nullArgument("values")
                               : fail(acl::ACL_ERROR_INVALID_PARAM, "EH0001",
                                      format("numValues %d is invalid.", numValues));
    });
  return setAttribute("aclopSetAttrListInt", attr, attrName, [&] {
    std::vector<std::string> parts;
    for (int i = 0; i < numValues; ++i) parts.push_back(std::to_string(values[i]));
    return join(parts, ",");
  });
}

}  // extern "C"
