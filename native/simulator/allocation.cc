#include "allocation.h"

#include "../acl_error_codes.h"
#include "context.h"
#include "ledger.h"
#include "process.h"
#include "text.h"
#include "thread_state.h"

namespace sim {

namespace {

constexpr size_t alignment = 32;

}  // namespace

aclError allocateBlock(void **devPtr, size_t size, Padding padding) {
  if (devPtr == nullptr) return nullArgument("devPtr");
  if (size == 0)
    return fail(acl::ACL_ERROR_INVALID_PARAM, "EH0001", "Size 0 is invalid: it must be greater than 0.");
  const auto context = requireContext();
  if (context == nullptr) return acl::ACL_ERROR_RT_CONTEXT_NULL;
  const size_t extra = padding == Padding::Extra32 ? 2 * alignment - 1 : alignment - 1;
  const size_t bytes = size > SIZE_MAX - extra ? SIZE_MAX : (size + extra) / alignment * alignment;
  void *block = context->device->memory.allocate(bytes);
  if (block == nullptr)
    return fail(
        acl::ACL_ERROR_RT_MEMORY_ALLOCATION, "EL0004",
        format(
            "Failed to allocate memory. Reason: device %d has %llu bytes, %llu are used, %zu were asked for.",
            context->device->id, static_cast<unsigned long long>(context->device->memory.capacity()),
            static_cast<unsigned long long>(context->device->memory.used()), size));
  *devPtr = block;
  return 0;
}

aclError freeBlock(void *devPtr) {
  if (devPtr == nullptr) return nullArgument("devPtr");
  Device *device = deviceOf(devPtr);
  if (device != nullptr && device->memory.free(devPtr)) return 0;
  const std::string text = format("%p is not the start of a block of device memory", devPtr);
  ledger().problem("bad-free", text);
  return fail(acl::ACL_ERROR_RT_PARAM_INVALID, "EE1001", "The argument is invalid. Reason: " + text + ".");
}

}  // namespace sim
