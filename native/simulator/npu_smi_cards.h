// The simulated devices as npu-smi sees them: cards with chips.
#ifndef SIMULATOR_NPU_SMI_CARDS_H_
#define SIMULATOR_NPU_SMI_CARDS_H_

#include <cstdint>
#include <string>
#include <vector>

namespace sim {

struct NpuChip {
  int chipId = 0;
  /** What aclrtSetDevice takes. */
  int device = 0;
  std::string busId;
  int temperature = 0;
};

struct NpuCard {
  int npuId = 0;
  std::vector<NpuChip> chips;
};

/** Generations of the table that `npu-smi info` prints. */
enum class NpuTable {
  /** Ascend 310. */
  Old,
  /** 310P and 310B: memory is DDR, and chips tell their device. */
  Inference,
  /** 910B: memory is HBM. */
  Training,
  /** 910C, chips of several dies: the row of the NPU comes again for every chip. */
  Dies,
  /** Those chips as 910B prints them, below one row for the NPU. */
  MergedDies,
};

struct NpuMachine {
  NpuTable table = NpuTable::Inference;
  std::string driver;
  /** In the table: 310P3. */
  std::string name;
  /** In `info -m`: Ascend 310P3. */
  std::string fullName;
  /** Of chips with several dies: 9392. Empty otherwise. */
  std::string npuName;
  int64_t memoryMegabytes = 0;
  int64_t usedMegabytes = 0;
  std::vector<NpuCard> cards;
  /** A setting that makes no sense. */
  std::string mistake;
};

NpuMachine readNpuMachine();

}  // namespace sim

#endif  // SIMULATOR_NPU_SMI_CARDS_H_
