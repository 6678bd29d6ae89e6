// Gears and execution.
#include <atomic>
#include <cstring>

#include "../acl_error_codes.h"
#include "call.h"
#include "copy.h"
#include "execution.h"
#include "ledger.h"
#include "lost_device.h"
#include "model.h"
#include "objects.h"
#include "process.h"
#include "text.h"

using namespace sim;

struct aclmdlExecConfigHandle {
  int32_t streamTimeout = -1;
  int32_t eventTimeout = -1;
};

namespace {

/** Chooses the gear of `values` in the dataset, in the hidden input's device memory and in the loaded model.
 */
aclError chooseGear(uint32_t modelId, aclmdlDataset *dataset, size_t index, Dynamics dynamics,
                    const Shape &values, const std::vector<int64_t> *allDims) {
  aclError code = requireInit();
  if (code != 0) return code;
  const auto model = requireModel(modelId);
  if (model == nullptr) return acl::ACL_ERROR_GE_EXEC_MODEL_ID_INVALID;
  if (index >= dataset->entries.size() || dataset->entries[index].buffer == nullptr)
    return fail(acl::ACL_ERROR_INVALID_PARAM, "EH0001", format("The dataset has no buffer %zu.", index));
  const aclDataBuffer &buffer = *dataset->entries[index].buffer;
  if (buffer.data == nullptr) return nullArgument("dynamic input address");
  const auto context = requireContext();
  if (context == nullptr) return acl::ACL_ERROR_RT_CONTEXT_NULL;
  const ModelInfo &info = *model->info;
  size_t gear = info.gears.size();
  for (size_t i = 0; i < info.gears.size() && info.dynamics == dynamics; ++i) {
    Shape all;
    for (const Shape &shape : info.gears[i].inputs) all.insert(all.end(), shape.begin(), shape.end());
    if (allDims != nullptr ? all == *allDims : info.gears[i].values == values) gear = i;
  }
  if (gear == info.gears.size())
    return fail(acl::ACL_ERROR_GE_DYNAMIC_BATCH_SIZE_INVALID, "E19999",
                format("The value is none of the %zu gears model %u was compiled for.",
                       info.dynamics == dynamics ? info.gears.size() : 0, modelId));
  const Shape &chosen = info.gears[gear].values;
  if (buffer.size < chosen.size() * sizeof(uint32_t))
    return fail(acl::ACL_ERROR_GE_DYNAMIC_INPUT_LENGTH_INVALID, "E19999",
                format("The dynamic input has %zu bytes, fewer than %zu.", buffer.size,
                       chosen.size() * sizeof(uint32_t)));
  std::vector<uint32_t> numbers;
  for (const int64_t value : chosen) numbers.push_back(static_cast<uint32_t>(value));
  const CopyRequest request{buffer.data, buffer.size, numbers.data(), numbers.size() * sizeof(uint32_t),
                            ACL_MEMCPY_HOST_TO_DEVICE};
  code = checkCopyAddresses(request, *context);
  if (code == 0) code = copyNow(request);
  if (code != 0) return code;
  dataset->gear = static_cast<int64_t>(gear);
  dataset->gearModel = modelId;
  model->setCurrentGear(static_cast<int64_t>(gear));
  return 0;
}

aclError checkDatasets(const aclmdlDataset *input, const aclmdlDataset *output) {
  if (input == nullptr) return nullArgument("input");
  if (output == nullptr) return nullArgument("output");
  return requireInit();
}

/** On the calling thread, as on a stream of the model's own. */
aclError executeHere(uint32_t modelId, const aclmdlDataset *input, aclmdlDataset *output) {
  const Nanoseconds asked = monotonicNow();
  aclError code = checkDatasets(input, output);
  if (code != 0) return code;
  const auto context = requireContext();
  if (context == nullptr) return acl::ACL_ERROR_RT_CONTEXT_NULL;
  Execution execution;
  code = execution.prepare(modelId, input, output, *context, nullptr);
  if (code != 0) return code;
  const Cancellation never;
  static std::atomic<uint32_t> lastTask{0};
  code = execution.run({asked, never, ++lastTask, execution.streamId(), threadId(), nullptr});
  if (code == 0 && execution.hasLaterShapes()) execution.publish(output);
  return code;
}

enum class Await { No, UpToTimeout };

aclError executeOnStream(uint32_t modelId, const aclmdlDataset *input, aclmdlDataset *output,
                         aclrtStream handle, Await await, int32_t timeoutMs) {
  const Nanoseconds deadline =
      timeoutMs < 0 ? forever : monotonicNow() + static_cast<Nanoseconds>(timeoutMs) * 1'000'000;
  aclError code = checkDatasets(input, output);
  if (code != 0) return code;
  const auto context = requireContext();
  if (context == nullptr) return acl::ACL_ERROR_RT_CONTEXT_NULL;
  std::shared_ptr<Stream> stream;
  code = resolveStream(*context, handle, &stream);
  if (code != 0) return code;
  const auto execution = std::make_shared<Execution>();
  code = execution->prepare(modelId, input, output, *context, stream.get());
  if (code != 0) return code;
  // Dropped from the queue by an abort, the task never runs; its last copy then gives the model free.
  const auto guard = std::shared_ptr<bool>(new bool(false), [execution](const bool *ran) {
    if (!*ran) execution->drop();
    delete ran;
  });
  const uint64_t aborts = stream->aborts();
  const uint64_t ticket = stream->submit([execution, guard](const TaskTurn &turn) {
    *guard = true;
    return execution->run(turn);
  });
  if (ticket == 0)
    return fail(acl::ACL_ERROR_RT_STREAM_TASK_FULL, "EZ9999", "The stream takes no more tasks.");
  if (await == Await::UpToTimeout) {
    code = stream->synchronize(deadline);
  } else if (execution->shapesComeLater() && !stream->waitFor(ticket, aborts)) {
    code = answerOfLost(*context->device, "An execution");
    if (code == 0) code = fail(acl::ACL_ERROR_RT_STREAM_ABORT, "EE1001", "The stream is aborted.");
  } else if (!execution->shapesComeLater()) {
    return 0;
  }
  if (code == 0 && execution->hasLaterShapes()) execution->publish(output);
  return code;
}

}  // namespace

extern "C" {

aclError aclmdlSetDynamicBatchSize(uint32_t modelId, aclmdlDataset *dataset, size_t index,
                                   uint64_t batchSize) {
  return invoke("aclmdlSetDynamicBatchSize", [&]() -> aclError {
    if (dataset == nullptr) return nullArgument("dataset");
    if (batchSize == 0) return fail(acl::ACL_ERROR_INVALID_PARAM, "EH0001", "Batch size 0 is invalid.");
    return chooseGear(modelId, dataset, index, Dynamics::Batch, {static_cast<int64_t>(batchSize)}, nullptr);
  });
}

aclError aclmdlSetDynamicHWSize(uint32_t modelId, aclmdlDataset *dataset, size_t index, uint64_t height,
                                uint64_t width) {
  return invoke("aclmdlSetDynamicHWSize", [&]() -> aclError {
    if (dataset == nullptr) return nullArgument("dataset");
    if (height == 0 || width == 0)
      return fail(acl::ACL_ERROR_INVALID_PARAM, "EH0001", "A size of 0 is invalid.");
    return chooseGear(modelId, dataset, index, Dynamics::ImageSize,
                      {static_cast<int64_t>(height), static_cast<int64_t>(width)}, nullptr);
  });
}

aclError aclmdlSetInputDynamicDims(uint32_t modelId, aclmdlDataset *dataset, size_t index,
                                   const aclmdlIODims *dims) {
  return invoke("aclmdlSetInputDynamicDims", [&]() -> aclError {
    if (dataset == nullptr) return nullArgument("dataset");
    if (dims == nullptr) return nullArgument("dims");
    if (dims->dimCount > ACL_MAX_DIM_CNT)
      return fail(acl::ACL_ERROR_INVALID_PARAM, "EH0001", "dimCount is invalid.");
    const std::vector<int64_t> all(dims->dims, dims->dims + dims->dimCount);
    return chooseGear(modelId, dataset, index, Dynamics::Dims, {}, &all);
  });
}

aclError aclmdlExecute(uint32_t modelId, const aclmdlDataset *input, aclmdlDataset *output) {
  return invoke("aclmdlExecute", [&] { return executeHere(modelId, input, output); });
}

aclError aclmdlExecuteV2(uint32_t modelId, const aclmdlDataset *input, aclmdlDataset *output,
                         aclrtStream stream, const aclmdlExecConfigHandle *handle) {
  return invoke("aclmdlExecuteV2", [&] {
    return handle == nullptr
               ? nullArgument("handle")
               : executeOnStream(modelId, input, output, stream, Await::UpToTimeout, handle->streamTimeout);
  });
}

aclError aclmdlExecuteAsync(uint32_t modelId, const aclmdlDataset *input, aclmdlDataset *output,
                            aclrtStream stream) {
  return invoke("aclmdlExecuteAsync",
                [&] { return executeOnStream(modelId, input, output, stream, Await::No, -1); });
}

aclError aclmdlExecuteAsyncV2(uint32_t modelId, const aclmdlDataset *input, aclmdlDataset *output,
                              aclrtStream stream, const aclmdlExecConfigHandle *handle) {
  return invoke("aclmdlExecuteAsyncV2", [&] {
    return handle == nullptr ? nullArgument("handle")
                             : executeOnStream(modelId, input, output, stream, Await::No, -1);
  });
}

aclmdlExecConfigHandle *aclmdlCreateExecConfigHandle(void) {
  return invokeOr<aclmdlExecConfigHandle *>("aclmdlCreateExecConfigHandle", nullptr, [] {
    auto *handle = new aclmdlExecConfigHandle();
    ++ledger().live.configHandles;
    return handle;
  });
}

aclError aclmdlDestroyExecConfigHandle(const aclmdlExecConfigHandle *handle) {
  return invoke("aclmdlDestroyExecConfigHandle", [&]() -> aclError {
    if (handle == nullptr) return nullArgument("handle");
    delete handle;
    --ledger().live.configHandles;
    return 0;
  });
}

aclError aclmdlSetExecConfigOpt(aclmdlExecConfigHandle *handle, aclmdlExecConfigAttr attr,
                                const void *attrValue, size_t valueSize) {
  return invoke("aclmdlSetExecConfigOpt", [&]() -> aclError {
    if (handle == nullptr) return nullArgument("handle");
    if (attrValue == nullptr) return nullArgument("attrValue");
    // A 310P knows the two time-outs only.
    if (attr != ACL_MDL_STREAM_SYNC_TIMEOUT && attr != ACL_MDL_EVENT_SYNC_TIMEOUT)
      return fail(acl::ACL_ERROR_INVALID_PARAM, "EH0001", format("Attribute %d is not supported.", attr));
    int32_t timeout = 0;
    if (valueSize == sizeof timeout) memcpy(&timeout, attrValue, sizeof timeout);
    if (valueSize != sizeof timeout || timeout < -1)
      return fail(acl::ACL_ERROR_INVALID_PARAM, "EH0001", "A time-out is an int32 of milliseconds, or -1.");
    (attr == ACL_MDL_STREAM_SYNC_TIMEOUT ? handle->streamTimeout : handle->eventTimeout) = timeout;
    return 0;
  });
}

}  // extern "C"
