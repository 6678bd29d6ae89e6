// Everything a session owns on a device, and the three steps of a run. Created, used and destroyed on the
// session's own threads; knows nothing of threads itself.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <string>

#include "buffer_set.h"
#include "context.h"
#include "library.h"
#include "runtime.h"
#include "stream.h"

namespace ascend {

struct EngineOptions {
  /** Where to load AscendCL from; empty for the usual places. */
  std::string library;
  int device = 0;
  /** The offline model: its bytes, or its path when there are none. */
  std::string path;
  Bytes bytes;
  /** For outputs without a limit of their own, by name. */
  std::map<std::string, size_t> outputBytes;
  /** Where its memory counts. */
  std::shared_ptr<MemoryTally> tally;
};

class Engine {
 public:
  static constexpr size_t kSets = 2;

  /** Throws LibraryFailure, AclException or std::exception. */
  explicit Engine(EngineOptions options);
  ~Engine();
  Engine(const Engine &) = delete;
  Engine &operator=(const Engine &) = delete;

  const ModelInfo &info() const { return model_->info(); }
  const std::string &libraryPath() const { return library_.path; }
  const std::string &socName() const { return socName_; }
  size_t bytes() const;

  /** To be called once on each thread that takes part. */
  void EnterThread() { context_.MakeCurrent(); }

  /** As BufferSet::Stage; for the caller's thread, which need not have entered. */
  bool Stage(size_t set, const std::vector<Source> &sources) { return sets_[set]->Stage(sources); }
  void CopyIn(size_t set, Run &run) { sets_[set]->CopyIn(run); }
  void Execute(size_t set, Run &run);
  void CopyOut(size_t set, Run &run);

  /**
   * After a fatal failure: execution may go on behind our back, and must be broken off before anything is
   * freed. False when it may still go on.
   */
  bool DiscardExecution() { return stream_.Discard(); }
  /** The first step of destruction. False when AscendCL keeps the model, as while it executes. */
  bool UnloadModel() { return model_->Unload(); }

 private:
  struct ChosenGear {
    size_t set;
    size_t gear;
  };

  void SetGear(size_t set, size_t gear);
  void ExecuteWithin(BufferSet &set, Clock::time_point deadline);
  Dims OutputDims(const BufferSet &set, const Run &run, size_t output) const;

  const Library &library_;
  const AclApi &api_;
  // Destroyed in reverse order: model, buffers, stream, context, device.
  DeviceLease lease_;
  Context context_;
  Stream stream_;
  std::array<std::unique_ptr<BufferSet>, kSets> sets_;
  std::unique_ptr<Model> model_;
  std::string socName_;
  bool allocatesOutputs_ = false;
  /** The gear each set is at, and the set whose gear the model is at. */
  std::array<std::optional<size_t>, kSets> gears_;
  std::optional<size_t> gearSet_;
};

}  // namespace ascend
