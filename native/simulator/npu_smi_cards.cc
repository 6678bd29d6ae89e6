#include "npu_smi_cards.h"

#include <stdlib.h>

#include "settings.h"
#include "text.h"

namespace sim {

namespace {

constexpr int largestNpuId = 65535;
/** An idle chip has about a twentieth of its memory in use. */
constexpr int64_t idleShare = 20;

std::string variable(const char *name) {
  const char *value = getenv(name);
  return value == nullptr ? "" : value;
}

bool startsWith(const std::string &text, const std::string &start) {
  return text.compare(0, start.size(), start) == 0;
}

NpuTable tableOf(const std::string &soc) {
  if (startsWith(soc, "Ascend310P") || startsWith(soc, "Ascend310B")) return NpuTable::Inference;
  if (startsWith(soc, "Ascend310")) return NpuTable::Old;
  return startsWith(soc, "Ascend910_93") ? NpuTable::Dies : NpuTable::Training;
}

bool parseTable(const std::string &text, NpuTable *table) {
  if (text == "310") *table = NpuTable::Old;
  if (text == "310P") *table = NpuTable::Inference;
  if (text == "910B") *table = NpuTable::Training;
  if (text == "910C") *table = NpuTable::Dies;
  if (text == "910C-merged") *table = NpuTable::MergedDies;
  return text == "310" || text == "310P" || text == "910B" || text == "910C" || text == "910C-merged";
}

/** Drivers that came with the release, where one is known. */
std::string driverOf(int cannRelease) {
  if (cannRelease < 700) return "22.0.3";
  if (cannRelease < 800) return "23.0.5";
  return cannRelease < 805 ? "24.1.rc3" : "25.5.2";
}

void nameChip(const std::string &soc, NpuMachine *machine) {
  const size_t dies = soc.find('_');
  const std::string prefix = "Ascend";
  const bool prefixed = startsWith(soc, prefix);
  if (dies != std::string::npos) {
    machine->name = machine->fullName = soc.substr(0, dies);
    machine->npuName = soc.substr(dies + 1);
    return;
  }
  machine->name = prefixed ? soc.substr(prefix.size()) : soc;
  machine->fullName = prefixed ? "Ascend " + machine->name : soc;
}

/** Chips of one card have the same id. */
std::vector<int> npuIds(NpuTable table, int devices, std::string *mistake) {
  std::vector<int> ids;
  const std::string given = variable("ACL_SIM_NPU_IDS");
  const bool twoChips = table == NpuTable::Dies || table == NpuTable::MergedDies;
  if (given.empty()) {
    for (int i = 0; i < devices; ++i) ids.push_back(twoChips ? i / 2 : i);
    return ids;
  }
  for (const std::string &part : split(given, ',')) {
    int64_t id = 0;
    if (!parseInteger(part, &id) || id < 0 || id > largestNpuId) break;
    ids.push_back(static_cast<int>(id));
  }
  if (ids.size() != static_cast<size_t>(devices))
    *mistake = format("ACL_SIM_NPU_IDS=%s: expected %d ids with commas between, one for each device",
                      given.c_str(), devices);
  return ids;
}

void addChip(int npuId, int device, std::vector<NpuCard> *cards) {
  NpuCard *card = nullptr;
  for (NpuCard &each : *cards)
    if (each.npuId == npuId) card = &each;
  if (card == nullptr) {
    cards->push_back({npuId, {}});
    card = &cards->back();
  }
  NpuChip chip;
  chip.chipId = static_cast<int>(card->chips.size());
  chip.device = device;
  // Seven apart, as the slots of common servers are; 256 is no multiple of it, so that none comes twice.
  chip.busId = format("0000:%02X:00.0", static_cast<unsigned>(0x82 + 7 * device) & 0xFF);
  chip.temperature = 42 + device % 8;
  card->chips.push_back(chip);
}

}  // namespace

NpuMachine readNpuMachine() {
  NpuMachine machine;
  const Settings &set = settings();
  if (!set.mistakes.empty()) machine.mistake = set.mistakes[0];
  machine.table = tableOf(set.socName);
  const std::string table = variable("ACL_SIM_NPU_SMI");
  if (!table.empty() && !parseTable(table, &machine.table))
    machine.mistake = "ACL_SIM_NPU_SMI=" + table + ": expected 310, 310P, 910B, 910C or 910C-merged";
  machine.driver = driverOf(set.cannRelease);
  nameChip(set.socName, &machine);
  machine.memoryMegabytes = static_cast<int64_t>(set.deviceMemoryBytes >> 20);
  machine.usedMegabytes = machine.memoryMegabytes / idleShare;
  const std::vector<int> ids = npuIds(machine.table, set.devices, &machine.mistake);
  for (size_t i = 0; i < ids.size(); ++i) addChip(ids[i], static_cast<int>(i), &machine.cards);
  return machine;
}

}  // namespace sim
