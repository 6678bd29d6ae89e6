// What npu-smi prints of a machine.
#ifndef SIMULATOR_NPU_SMI_TEXT_H_
#define SIMULATOR_NPU_SMI_TEXT_H_

#include <string>

#include "npu_smi_cards.h"

namespace sim {

/** `npu-smi info`. */
std::string npuInfoTable(const NpuMachine &machine);
/** `npu-smi info -m`. */
std::string npuMapping(const NpuMachine &machine);
/** `npu-smi info -l`. */
std::string npuList(const NpuMachine &machine);

bool isNpuDetail(const std::string &type);
/** `npu-smi info -t type -i npu [-c chip]`; a null chip stands for all of the card. */
std::string npuDetail(const NpuMachine &machine, const std::string &type, const NpuCard &card,
                      const NpuChip *chip);

}  // namespace sim

#endif  // SIMULATOR_NPU_SMI_TEXT_H_
