#include "buffer_set.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <stdexcept>

namespace ascend {
namespace {

/** Satisfies every release's rule for addresses within one block. */
constexpr size_t kAlignment = 128;

size_t Aligned(size_t bytes) {
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

size_t Total(const std::vector<size_t> &sizes) {
  size_t total = 0;
  for (const size_t size : sizes) total += Aligned(size);
  return total;
}

/**
 * Memory that another processor has just read is several times as slow to write (258 kB: 27 us instead of 6)
 * until it has left that one's cache. So small inputs take turns through as much memory as a cache of 1 MB
 * holds.
 */
size_t Turns(size_t bytes) {
  return std::clamp<size_t>((size_t{1} << 20) / std::max<size_t>(bytes, 1), 1, 4);
}

/** What the caller feeds at most; padding of the device's format is never fed. */
size_t FeedBytes(const TensorInfo &input) {
  return TensorBytes(input.type, input.dims).value_or(input.bytes);
}

}  // namespace

BufferSet::BufferSet(const AclApi &api, const ModelInfo &info, const std::vector<size_t> &outputBytes,
                     const std::shared_ptr<MemoryTally> &tally)
    : api_(api), info_(info), outputBytes_(outputBytes), share_(tally), inputs_(api), outputs_(api) {
  const size_t count = info.inputs.size() + (info.hidden.has_value() ? 1 : 0);
  std::vector<const TensorInfo *> inputs(count);
  for (const TensorInfo &input : info.inputs) inputs[input.index] = &input;
  if (info.hidden.has_value()) inputs[info.hidden->index] = &*info.hidden;
  for (const TensorInfo *input : inputs) {
    inputMemory_.emplace_back(api, input->bytes);
    inputs_.Add(inputMemory_.back().data(), input->bytes);
  }
  for (const size_t bytes : outputBytes) {
    if (bytes == 0) {
      outputMemory_.emplace_back();
      outputs_.Add(nullptr, 0);
    } else {
      outputMemory_.emplace_back(api, bytes);
      outputs_.Add(outputMemory_.back().data(), bytes);
    }
  }
  std::vector<size_t> feeds;
  for (const TensorInfo &input : info.inputs) feeds.push_back(FeedBytes(input));
  const size_t bytes = Total(feeds);
  for (size_t turn = 0; turn < Turns(bytes); ++turn) staging_.emplace_back(api, bytes);
  results_ = HostBuffer(api, Total(outputBytes));
  share_.Set(this->bytes());
}

BufferSet::~BufferSet() {
  try {
    FreeOutputs();
  } catch (const AclException &) {
    // The device is gone, and its memory with it.
  }
}

template <typename Buffer>
void BufferSet::Reserve(Buffer &buffer, size_t bytes) {
  if (bytes <= buffer.bytes()) return;
  buffer = Buffer(api_, bytes);
  share_.Set(this->bytes());
}

bool BufferSet::Stage(const std::vector<Source> &sources) {
  std::vector<size_t> sizes;
  for (const Source &source : sources) sizes.push_back(source.bytes);
  turn_ = (turn_ + 1) % staging_.size();
  const HostBuffer &staging = staging_[turn_];
  if (Total(sizes) > staging.bytes()) return false;
  size_t offset = 0;
  for (const Source &source : sources) {
    if (source.bytes > 0) std::memcpy(staging.data() + offset, source.data, source.bytes);
    offset += Aligned(source.bytes);
  }
  return true;
}

void BufferSet::CopyIn(Run &run) {
  if (!run.inputs.empty()) {
    std::vector<Source> sources;
    for (const Bytes &input : run.inputs) sources.push_back({input.data.get(), input.size});
    if (!Stage(sources)) {
      const size_t bytes = Total(run.inputBytes);
      while (staging_.size() > Turns(bytes)) staging_.pop_back();
      turn_ = staging_.size() - 1;
      Reserve(staging_.front(), bytes);
      share_.Set(this->bytes());
      Stage(sources);
    }
    run.inputs.clear();
  }
  size_t offset = 0;
  for (size_t i = 0; i < info_.inputs.size(); ++i) {
    const size_t index = info_.inputs[i].index;
    const size_t bytes = run.inputBytes[i];
    DeviceBuffer &memory = inputMemory_[index];
    if (info_.inputs[i].bytes == 0) {
      Reserve(memory, bytes);
      inputs_.Update(index, memory.data(), bytes);
    }
    // A copy of nothing is an error before 9.1.
    if (bytes > 0) {
      Check(api_,
            api_.aclrtMemcpy(memory.data(), memory.bytes(), staging_[turn_].data() + offset, bytes,
                             ACL_MEMCPY_HOST_TO_DEVICE),
            "aclrtMemcpy");
    }
    offset += Aligned(bytes);
  }
}

void BufferSet::DescribeInputs(const Run &run) {
  for (size_t i = 0; i < info_.inputs.size(); ++i) {
    const TensorInfo &input = info_.inputs[i];
    if (!IsDynamic(input.dims)) continue;
    const Dims &dims = run.dims[i];
    aclTensorDesc *description =
        CheckPointer(api_,
                     api_.aclCreateTensorDesc(input.type, static_cast<int>(dims.size()),
                                              dims.empty() ? nullptr : dims.data(), input.format),
                     "aclCreateTensorDesc");
    const aclError code = api_.aclmdlSetDatasetTensorDesc(inputs_.get(), description, input.index);
    // The dataset has its own copy.
    api_.aclDestroyTensorDesc(description);
    Check(api_, code, "aclmdlSetDatasetTensorDesc");
  }
}

Dims BufferSet::OutputDims(size_t output) const {
  const aclTensorDesc *description = api_.aclmdlGetDatasetTensorDesc(outputs_.get(), output);
  if (description == nullptr) {
    throw std::runtime_error("AscendCL gave no shape for output \"" + info_.outputs[output].name + "\"");
  }
  const size_t count = api_.aclGetTensorDescNumDims(description);
  // It answers 0 when it fails, which would be a scalar's rank.
  if (count != info_.outputs[output].dims.size()) {
    throw std::runtime_error("AscendCL gave another rank than the model's for output \"" +
                             info_.outputs[output].name + "\"");
  }
  Dims dims(count);
  for (size_t axis = 0; axis < count; ++axis) {
    Check(api_, api_.aclGetTensorDescDimV2(description, axis, &dims[axis]), "aclGetTensorDescDimV2");
  }
  return dims;
}

void BufferSet::CopyOut(Run &run) {
  for (Output &output : run.outputs) {
    const TensorInfo &info = info_.outputs[output.index];
    const std::optional<size_t> bytes = TensorBytes(info.type, output.dims);
    const size_t available = outputs_.BytesOf(output.index);
    if (!bytes.has_value() || *bytes > available) {
      throw std::runtime_error("output \"" + info.name + "\" does not fit into its buffer of " +
                               std::to_string(available) + " bytes; outputBytes sets its size");
    }
    if (*bytes == 0) continue;
    Reserve(results_, *bytes);
    Check(api_,
          api_.aclrtMemcpy(results_.data(), results_.bytes(), outputs_.DataOf(output.index), *bytes,
                           ACL_MEMCPY_DEVICE_TO_HOST),
          "aclrtMemcpy");
    // Uninitialised: every byte is written.
    output.bytes.data.reset(new uint8_t[*bytes]);
    output.bytes.size = *bytes;
    std::memcpy(output.bytes.data.get(), results_.data(), *bytes);
  }
}

void BufferSet::FreeOutputs() {
  for (size_t output = 0; output < outputBytes_.size(); ++output) {
    if (outputBytes_[output] != 0) continue;
    void *memory = outputs_.DataOf(output);
    if (memory == nullptr) continue;
    outputs_.Update(output, nullptr, 0);
    Check(api_, api_.aclrtFree(memory), "aclrtFree");
  }
}

size_t BufferSet::bytes() const {
  size_t total = results_.bytes();
  for (const HostBuffer &buffer : staging_) total += buffer.bytes();
  for (const DeviceBuffer &buffer : inputMemory_) total += buffer.bytes();
  for (const DeviceBuffer &buffer : outputMemory_) total += buffer.bytes();
  return total;
}

}  // namespace ascend
