// What one run occupies: device memory and datasets for its inputs and outputs, and pinned memory on the way
// to and from them. A session has two, so that one is filled and emptied while the other executes.
#pragma once

#include <vector>

#include "dataset.h"
#include "device_buffer.h"
#include "host_buffer.h"
#include "model.h"

namespace ascend {

class BufferSet {
 public:
  /** `outputBytes`: a size for each output, 0 for those whose memory AscendCL is to allocate in each run. */
  BufferSet(const AclApi &api, const ModelInfo &info, const std::vector<size_t> &outputBytes,
            const std::shared_ptr<MemoryTally> &tally);
  ~BufferSet();
  BufferSet(const BufferSet &) = delete;
  BufferSet &operator=(const BufferSet &) = delete;

  aclmdlDataset *inputs() const { return inputs_.get(); }
  aclmdlDataset *outputs() const { return outputs_.get(); }

  /** Puts a run's inputs into pinned memory. False when they do not fit; calls nothing of AscendCL. */
  bool Stage(const std::vector<Source> &sources);
  /** Brings a run's inputs to the device, from pinned memory if they were staged, else through it. */
  void CopyIn(Run &run);
  /** Tells AscendCL the shapes of a model whose shapes are open. */
  void DescribeInputs(const Run &run);
  /** After an execution: the shape AscendCL found for an output of such a model. */
  Dims OutputDims(size_t output) const;
  /** Fetches the wanted outputs, whose shapes are in `run.outputs`. */
  void CopyOut(Run &run);
  /** Gives back what AscendCL allocated for outputs. Harmless to repeat. */
  void FreeOutputs();

  /** Device and pinned memory together. */
  size_t bytes() const;

 private:
  /** Makes room: what is there goes. */
  template <typename Buffer>
  void Reserve(Buffer &buffer, size_t bytes);

  const AclApi &api_;
  const ModelInfo &info_;
  std::vector<size_t> outputBytes_;
  // Memory outlives the datasets that refer to it: members go in reverse order.
  std::vector<DeviceBuffer> inputMemory_;
  std::vector<DeviceBuffer> outputMemory_;
  /** Used in turn. */
  std::vector<HostBuffer> staging_;
  size_t turn_ = 0;
  HostBuffer results_;
  MemoryShare share_;
  Dataset inputs_;
  Dataset outputs_;
};

}  // namespace ascend
