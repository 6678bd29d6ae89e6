// Single operators: their arguments are checked and nothing is executed.
#include <algorithm>

#include "../acl_error_codes.h"
#include "call.h"
#include "context.h"
#include "objects.h"
#include "process.h"
#include "text.h"

using namespace sim;

namespace {

template <class Item>
bool complete(int count, Item *const items[]) {
  if (count > 0 && items == nullptr) return false;
  return std::all_of(items, items + count, [](const Item *item) { return item != nullptr; });
}

bool hasElements(const aclTensorDesc *description) {
  const Shape &dims = description->dims;
  return std::find(dims.begin(), dims.end(), 0) == dims.end();
}

}  // namespace

extern "C" aclError aclopCompileAndExecute(const char *opType, int numInputs,
                                           const aclTensorDesc *const inputDesc[],
                                           const aclDataBuffer *const inputs[], int numOutputs,
                                           const aclTensorDesc *const outputDesc[],
                                           aclDataBuffer *const outputs[], const aclopAttr *, aclopEngineType,
                                           aclopCompileType compileFlag, const char *, aclrtStream) {
  return invoke("aclopCompileAndExecute", [&]() -> aclError {
    if (opType == nullptr) return nullArgument("opType");
    if (numInputs < 0 || numOutputs < 0)
      return fail(acl::ACL_ERROR_INVALID_PARAM, "EH0001",
                  format("%d inputs and %d outputs are invalid.", numInputs, numOutputs));
    if (!complete(numInputs, inputDesc) || !complete(numInputs, inputs)) return nullArgument("inputs");
    if (!complete(numOutputs, outputDesc) || !complete(numOutputs, outputs)) return nullArgument("outputs");
    if (compileFlag != ACL_COMPILE_SYS && compileFlag != ACL_COMPILE_UNREGISTERED)
      return fail(acl::ACL_ERROR_API_NOT_SUPPORT, "EH0001",
                  format("compileFlag %d is invalid.", static_cast<int>(compileFlag)));
    if (requireContext() == nullptr) return acl::ACL_ERROR_RT_CONTEXT_NULL;
    if (std::none_of(outputDesc, outputDesc + numOutputs, hasElements)) return 0;
    return fail(
        acl::ACL_ERROR_OP_NOT_FOUND, "EZ9999",
        format("Operator %s is not found: the simulator executes models and no single operators.", opType));
  });
}
