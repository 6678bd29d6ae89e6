#include "execution.h"

#include <cstring>
#include <exception>

#include "../acl_error_codes.h"
#include "call.h"
#include "faults.h"
#include "ledger.h"
#include "lost_device.h"
#include "task_failure.h"
#include "text.h"
#include "thread_state.h"
#include "waiting.h"

namespace sim {

namespace {

/** A buffer may be so much smaller than what the model says before ACL refuses it. */
constexpr size_t toleratedShortage = 64;

size_t shapeBytes(const Shape &dims, aclDataType type) {
  const int64_t count = elementCount(dims);
  return count < 0 ? 0 : static_cast<size_t>(count) * elementBytes(type);
}

aclError deviceAccess(const char *what, size_t index, const void *address, size_t bytes) {
  ledger().problem("bad-address", format("%s %zu: %p with %zu bytes is no memory of this device", what, index,
                                         address, bytes));
  return fail(
      acl::ACL_ERROR_RT_AICORE_EXCEPTION, "EZ9999",
      format("The device cannot access %s %zu: %zu bytes at %p are not all in one block of device memory.",
             what, index, bytes, address));
}

/** What ACL_SIM_FAULTS has for this execution; waits end early when the stream is aborted. */
aclError sufferTask(const Cancellation &cancellation, Device *device) {
  std::vector<Fault> failures;
  for (const Fault &fault : faults().next("task")) {
    if (fault.kind == Fault::Kind::Hang) logHang("task");
    if (fault.kind == Fault::Kind::Hang) cancellation.waitUntil(forever);
    if (fault.kind == Fault::Kind::Delay) cancellation.waitUntil(monotonicNow() + fault.delay);
    if (fault.kind == Fault::Kind::Fail) failures.push_back(fault);
  }
  if (cancellation.cancelled()) return acl::ACL_ERROR_RT_STREAM_ABORT;
  if (!failures.empty()) return suffer("task", failures, device);
  return answerOfLost(*device, "A task");
}

}  // namespace

aclError Execution::collect(const aclmdlDataset *dataset, const std::vector<TensorInfo> &tensors,
                            const std::vector<Shape> *shapes, std::vector<Argument> *arguments) {
  for (size_t i = 0; i < tensors.size(); ++i) {
    const aclDataBuffer *buffer = dataset->entries[i].buffer;
    arguments->push_back({buffer->data, buffer->size, shapes != nullptr ? (*shapes)[i] : Shape(), false});
    if (shapes == nullptr) continue;
    const size_t needed = shapeBytes((*shapes)[i], tensors[i].type);
    if (buffer->size + toleratedShortage < needed)
      return fail(acl::ACL_ERROR_GE_PARAM_INVALID, "E19999",
                  format("Buffer %zu (%s) has %zu bytes, the model needs %zu.", i, tensors[i].name.c_str(),
                         buffer->size, needed));
  }
  return 0;
}

aclError Execution::takeInputShapes(const aclmdlDataset *input) {
  const std::vector<TensorInfo> &tensors = model_->info->inputs;
  for (size_t i = 0; i < tensors.size(); ++i) {
    const aclTensorDesc *description = input->entries[i].description.get();
    const Shape dims = description != nullptr ? description->dims : tensors[i].dims;
    bool right = dims.size() == tensors[i].dims.size();
    for (size_t d = 0; right && d < dims.size(); ++d) {
      const auto &bounds = tensors[i].range[d];
      right = dims[d] >= bounds.first && dims[d] >= 0 && (bounds.second < 0 || dims[d] <= bounds.second);
    }
    if (!right)
      return fail(acl::ACL_ERROR_INVALID_PARAM, "EH0001",
                  format("The shape of input %zu (%s) is not set, or out of the model's range.", i,
                         tensors[i].name.c_str()));
    inputs_[i].dims = dims;
  }
  return 0;
}

aclError Execution::prepare(uint32_t modelId, const aclmdlDataset *input, aclmdlDataset *output,
                            const Context &context, const void *stream) {
  model_ = requireModel(modelId);
  if (model_ == nullptr) return acl::ACL_ERROR_GE_EXEC_MODEL_ID_INVALID;
  aclError code = requireModelContext(*model_, context);
  if (code != 0) return code;
  const ModelInfo &info = *model_->info;
  for (const aclmdlDataset *dataset : {input, static_cast<const aclmdlDataset *>(output)})
    for (const auto &entry : dataset->entries)
      if (entry.buffer == nullptr)
        return fail(acl::ACL_ERROR_INVALID_PARAM, "EH0002",
                    "A data buffer of the dataset is a null pointer.");
  const size_t inputCount = info.inputs.size() + (info.hasGears() ? 1 : 0);
  if (input->entries.size() != inputCount || output->entries.size() != info.outputs.size()) {
    const bool fewerForDynamicShape = info.dynamics == Dynamics::Shape && input->entries.size() < inputCount;
    return fail(
        fewerForDynamicShape ? acl::ACL_ERROR_INVALID_PARAM : acl::ACL_ERROR_GE_PARAM_INVALID, "E19999",
        format("Model %u has %zu inputs and %zu outputs, the datasets have %zu and %zu buffers.", modelId,
               inputCount, info.outputs.size(), input->entries.size(), output->entries.size()));
  }
  if (info.dynamics == Dynamics::Shape) {
    code = collect(input, info.inputs, nullptr, &inputs_);
    if (code == 0) code = takeInputShapes(input);
    if (code == 0) code = collect(output, info.outputs, nullptr, &outputs_);
  } else {
    const bool chosen = input->gear >= 0 && input->gearModel == modelId;
    const Gear &gear = info.gears[chosen ? static_cast<size_t>(input->gear) : info.largestGear()];
    code = collect(input, info.inputs, &gear.inputs, &inputs_);
    if (code == 0) code = collect(output, info.outputs, &gear.outputs, &outputs_);
  }
  if (code != 0) return code;
  const Model::Begin begun = model_->begin(stream);
  if (begun == Model::Begin::Yes) return 0;
  if (begun == Model::Begin::Unloaded) return notLoaded(modelId);
  ledger().problem("concurrent-execute", format("model %u was executed while it was executing", modelId));
  return fail(
      acl::ACL_ERROR_GE_INTERNAL_ERROR, "E19999",
      format(
          "Model %u is executing already: one loaded model runs on one stream at a time. Lock around it, or "
          "load it once per thread.",
          modelId));
}

aclError Execution::run(const TaskTurn &turn) {
  aclError code = 0;
  try {
    code = sufferTask(turn.cancellation, model_->device);
    if (code == 0) code = compute(turn);
  } catch (const std::exception &) {
    // Sizes come from shapes the caller made up. Also, nobody above a stream's worker would catch it.
    code = fail(acl::ACL_ERROR_BAD_ALLOC, "EH0010", "Failed to allocate host memory.");
  }
  if (isDeviceFailure(code)) tellFailure(code, turn);
  if (code != 0) freeOwnOutputs();
  succeeded_ = code == 0;
  model_->end();
  return code;
}

void Execution::tellFailure(aclError code, const TaskTurn &turn) const {
  FailedOperator what{model_->info->name, {}, {}};
  const auto describe = [](const std::vector<TensorInfo> &tensors, const std::vector<Argument> &arguments,
                           std::vector<aclTensorDesc> *descriptions) {
    for (size_t i = 0; i < arguments.size(); ++i)
      descriptions->push_back({tensors[i].type,
                               tensors[i].format,
                               arguments[i].dims,
                               tensors[i].name,
                               "",
                               arguments[i].address,
                               {}});
  };
  describe(model_->info->inputs, inputs_, &what.inputs);
  describe(model_->info->outputs, outputs_, &what.outputs);
  reportTaskFailure({turn.taskId, turn.streamId, turn.threadId, static_cast<uint32_t>(model_->device->id),
                     static_cast<uint32_t>(code)},
                    std::move(what));
}

aclError Execution::compute(const TaskTurn &turn) {
  const ModelInfo &info = *model_->info;
  const DeviceMemory &memory = model_->device->memory;
  // Keeps the memory alive to the end of the run, whoever frees it meanwhile.
  std::vector<Backing> held;
  std::vector<InputView> inputs;
  std::vector<OutputView> outputs(outputs_.size());
  for (size_t i = 0; i < inputs_.size(); ++i) {
    const size_t needed = shapeBytes(inputs_[i].dims, info.inputs[i].type);
    DeviceSpan span = memory.span(inputs_[i].address, needed);
    if (span.data == nullptr) return deviceAccess("input", i, inputs_[i].address, needed);
    held.push_back(std::move(span.backing));
    inputs.push_back({&inputs_[i].dims, span.data});
  }
  for (size_t i = 0; i < outputs_.size(); ++i) {
    if (shapesComeLater()) {
      outputs[i].dims = info.outputs[i].dims;
      continue;
    }
    const size_t needed = shapeBytes(outputs_[i].dims, info.outputs[i].type);
    DeviceSpan span = memory.span(outputs_[i].address, needed);
    if (span.data == nullptr) return deviceAccess("output", i, outputs_[i].address, needed);
    held.push_back(std::move(span.backing));
    outputs[i].dims = outputs_[i].dims;
    outputs[i].data = span.data;
    outputs[i].bytes = needed;
  }
  aclError code = model_->executor->run(inputs, &outputs, model_->device, turn);
  for (size_t i = 0; i < outputs.size() && code == 0 && shapesComeLater(); ++i) code = store(i, &outputs[i]);
  return code;
}

aclError Execution::store(size_t index, OutputView *output) {
  Argument &argument = outputs_[index];
  DeviceMemory &memory = model_->device->memory;
  const size_t bytes = output->owned.size();
  argument.dims = output->dims;
  if (bytes == 0) return 0;
  if (argument.address == nullptr) {
    argument.address = memory.allocate(bytes);
    argument.bytes = bytes;
    argument.isOwn = argument.address != nullptr;
    if (argument.address == nullptr)
      return fail(acl::ACL_ERROR_RT_MEMORY_ALLOCATION, "EL0004",
                  format("Failed to allocate %zu bytes of device memory for output %zu.", bytes, index));
  }
  if (argument.bytes < bytes)
    return fail(acl::ACL_ERROR_GE_PARAM_INVALID, "E19999",
                format("Output %zu has %zu bytes, its buffer %zu.", index, bytes, argument.bytes));
  const DeviceSpan span = memory.span(argument.address, bytes);
  if (span.data == nullptr) return deviceAccess("output", index, argument.address, bytes);
  memcpy(span.data, output->owned.data(), bytes);
  return 0;
}

void Execution::freeOwnOutputs() {
  for (Argument &output : outputs_) {
    if (!output.isOwn) continue;
    model_->device->memory.free(output.address);
    output.address = nullptr;
    output.bytes = 0;
    output.isOwn = false;
  }
}

bool Execution::shapesComeLater() const {
  return model_->info->dynamics == Dynamics::Shape;
}

bool Execution::hasLaterShapes() const {
  return succeeded_ && shapesComeLater();
}

Execution::~Execution() {
  if (model_ != nullptr) freeOwnOutputs();
}

void Execution::publish(aclmdlDataset *output) {
  for (size_t i = 0; i < outputs_.size(); ++i) {
    const TensorInfo &tensor = model_->info->outputs[i];
    aclmdlDataset::Entry &entry = output->entries[i];
    outputs_[i].isOwn = false;
    entry.buffer->data = outputs_[i].address;
    entry.buffer->size = outputs_[i].bytes;
    entry.description.reset(new aclTensorDesc{tensor.type, tensor.format, outputs_[i].dims, tensor.name, ""});
  }
}

uint32_t Execution::streamId() const {
  return static_cast<uint32_t>(model_->streamId);
}

void Execution::drop() {
  model_->end();
}

}  // namespace sim
