#include "engine.h"

#include <limits>
#include <stdexcept>

namespace ascend {
namespace {

const Library &Initialised(const std::string &path) {
  const Library &library = LoadLibrary(path);
  Initialise(library.api);
  return library;
}

/** atc calls an output `node:index:name`; its user knows it by the last part. */
bool IsCalled(const std::string &full, const std::string &name) {
  if (full == name) return true;
  const std::string ending = ":" + name;
  return full.size() > ending.size() && full.compare(full.size() - ending.size(), ending.size(), ending) == 0;
}

int32_t MillisecondsUntil(Clock::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
  return static_cast<int32_t>(
      std::clamp<long long>(left, 1, static_cast<long long>(std::numeric_limits<int32_t>::max())));
}

}  // namespace

Engine::Engine(EngineOptions options)
    : library_(Initialised(options.library)),
      api_(library_.api),
      lease_(api_, options.device),
      context_(api_, options.device),
      stream_(api_) {
  const char *name = api_.aclrtGetSocName();
  socName_ = name == nullptr ? "" : name;
  model_ = options.bytes.data == nullptr
               ? std::make_unique<Model>(api_, options.path)
               : std::make_unique<Model>(api_, options.bytes.data.get(), options.bytes.size);
  options.bytes = {};
  const ModelInfo &info = model_->info();
  std::vector<size_t> outputBytes;
  for (const TensorInfo &output : info.outputs) {
    outputBytes.push_back(output.bytes);
    for (const auto &[name, bytes] : options.outputBytes) {
      if (output.bytes == 0 && IsCalled(output.name, name)) outputBytes.back() = bytes;
    }
    // An output that is empty by its shape needs no memory; one without a limit gets it in each run.
    if (outputBytes.back() == 0 && TensorBytes(output.type, output.dims) == size_t{0}) outputBytes.back() = 1;
    allocatesOutputs_ = allocatesOutputs_ || outputBytes.back() == 0;
  }
  for (auto &set : sets_) set = std::make_unique<BufferSet>(api_, info, outputBytes, options.tally);
  if (info.hidden.has_value()) model_->DescribeGears(sets_[0]->inputs());
}

Engine::~Engine() = default;

size_t Engine::bytes() const {
  size_t total = 0;
  for (const auto &set : sets_) total += set->bytes();
  return total;
}

void Engine::SetGear(size_t set, size_t gear) {
  // The choice is kept in the set's dataset and device buffer, and the shapes of the outputs in the model.
  // Setting it again costs a copy to the device.
  if (gearSet_ == set && gears_[set] == gear) return;
  if (gearSet_.has_value() && gears_[*gearSet_] == gear && gears_[set] == gear) return;
  gears_[set].reset();
  gearSet_.reset();
  model_->SetGear(info().gears.at(gear), sets_[set]->inputs());
  gears_[set] = gear;
  gearSet_ = set;
}

void Engine::ExecuteWithin(BufferSet &set, Clock::time_point deadline) {
  Check(api_, api_.aclmdlExecuteAsync(model_->id(), set.inputs(), set.outputs(), stream_.get()),
        "aclmdlExecuteAsync");
  Check(api_, api_.aclrtSynchronizeStreamWithTimeout(stream_.get(), MillisecondsUntil(deadline)),
        "aclrtSynchronizeStreamWithTimeout");
}

void Engine::Execute(size_t index, Run &run) {
  BufferSet &set = *sets_[index];
  if (info().hidden.has_value()) SetGear(index, run.gear);
  if (info().dynamics == Dynamics::kShape) set.DescribeInputs(run);
  // Only the synchronous call allocates outputs, and it has no time-out; nor has CANN before 6.3.RC2.
  if (run.deadline.has_value() && !allocatesOutputs_ && api_.aclrtSynchronizeStreamWithTimeout != nullptr) {
    ExecuteWithin(set, *run.deadline);
  } else {
    Check(api_, api_.aclmdlExecute(model_->id(), set.inputs(), set.outputs()), "aclmdlExecute");
  }
  for (const size_t output : run.fetches) {
    run.outputs.push_back({output, OutputDims(set, run, output), {}});
  }
}

Dims Engine::OutputDims(const BufferSet &set, const Run &run, size_t output) const {
  if (info().dynamics == Dynamics::kShape) return set.OutputDims(output);
  if (info().hidden.has_value()) return info().gears[run.gear].outputs[output];
  return info().outputs[output].dims;
}

void Engine::CopyOut(size_t index, Run &run) {
  BufferSet &set = *sets_[index];
  try {
    if (!run.failure.has_value()) set.CopyOut(run);
  } catch (...) {
    set.FreeOutputs();
    throw;
  }
  set.FreeOutputs();
}

}  // namespace ascend
