// `npu-smi info -m`, `-l` and `-t`: lines of keys and values.
#include <utility>

#include "npu_smi_text.h"
#include "text.h"

namespace sim {

namespace {

constexpr int keyWidth = 30;
constexpr int wideKeyWidth = 40;

using Lines = std::vector<std::pair<std::string, std::string>>;

std::string keyed(const Lines &lines, int width) {
  std::string text;
  for (const auto &line : lines)
    text +=
        line.first.empty() ? "\n" : format("\t%-*s : %s\n", width, line.first.c_str(), line.second.c_str());
  return text;
}

bool hasHbm(const NpuMachine &machine) {
  return machine.table != NpuTable::Old && machine.table != NpuTable::Inference;
}

std::string number(int64_t value) {
  return std::to_string(value);
}

int64_t usedPercent(const NpuMachine &machine) {
  return machine.memoryMegabytes > 0 ? machine.usedMegabytes * 100 / machine.memoryMegabytes : 0;
}

Lines boardOfCard(const NpuMachine &machine, const NpuCard &card) {
  return {{"NPU ID", number(card.npuId)},
          {"Product Name", "simulator"},
          {"Model", "NA"},
          {"Manufacturer", "NA"},
          {"Serial Number", "NA"},
          {"Software Version", machine.driver},
          {"Firmware Version", "NA"},
          {"Compatibility", "OK"},
          {"Board ID", "0x0"},
          {"PCB ID", "A"},
          {"BOM ID", "1"},
          {"PCIe Bus Info", card.chips[0].busId},
          {"Slot ID", "0"},
          {"Class ID", "NA"},
          {"PCI Vendor ID", "0x19e5"},
          {"PCI Device ID", hasHbm(machine) ? "0xD802" : "0xD500"},
          {"Subsystem Vendor ID", "0x0200"},
          {"Subsystem Device ID", "0x0100"},
          {"Chip Count", number(static_cast<int64_t>(card.chips.size()))}};
}

Lines boardOfChip(const NpuMachine &machine, const NpuCard &card, const NpuChip &chip) {
  Lines lines = {{"NPU ID", number(card.npuId)}};
  if (!machine.npuName.empty()) lines.emplace_back("NPU Name", machine.npuName);
  lines.emplace_back("Chip ID", number(chip.chipId));
  if (machine.npuName.empty()) lines.emplace_back("Chip Type", "Ascend");
  lines.emplace_back("Chip Name", machine.name);
  lines.emplace_back("Chip Version", "V1");
  lines.emplace_back("Board ID", "0x0");
  lines.emplace_back("PCB ID", "NA");
  lines.emplace_back("BOM ID", "1");
  lines.emplace_back("PCIe Bus Info", chip.busId);
  lines.emplace_back("Firmware Version", "NA");
  return lines;
}

Lines usages(const NpuMachine &machine, const NpuChip &) {
  const std::string capacity = number(machine.memoryMegabytes);
  const std::string rate = number(usedPercent(machine));
  if (!hasHbm(machine))
    return {{"DDR Capacity(MB)", capacity},      {"DDR Usage Rate(%)", rate},
            {"DDR Hugepages Total(page)", "0"},  {"DDR Hugepages Usage Rate(%)", "0"},
            {"Aicore Usage Rate(%)", "0"},       {"Aicpu Usage Rate(%)", "0"},
            {"Ctrlcpu Usage Rate(%)", "0"},      {"Vectorcore Usage Rate(%)", "0"},
            {"DDR Bandwidth Usage Rate(%)", "0"}};
  return {{"DDR Capacity(MB)", "0"},
          {"DDR Usage Rate(%)", "0"},
          {"DDR Hugepages Total(page)", "0"},
          {"DDR Hugepages Usage Rate(%)", "0"},
          {"HBM Capacity(MB)", capacity},
          {"HBM Usage Rate(%)", rate},
          {"Aicore Usage Rate(%)", "0"},
          {"Aivector Usage Rate(%)", "0"},
          {"Aicpu Usage Rate(%)", "0"},
          {"Ctrlcpu Usage Rate(%)", "0"},
          {"DDR Bandwidth Usage Rate(%)", "0"},
          {"HBM Bandwidth Usage Rate(%)", "0"}};
}

Lines memory(const NpuMachine &machine, const NpuChip &) {
  const std::string capacity = number(machine.memoryMegabytes);
  if (hasHbm(machine))
    return {{"DDR Capacity(MB)", "0"}, {"HBM Capacity(MB)", capacity}, {"HBM Clock Speed(MHz)", "1600"}};
  return {
      {"Total DDR Capacity(MB)", capacity}, {"DDR Capacity(MB)", capacity}, {"DDR Clock Speed(MHz)", "451"}};
}

Lines temperature(const NpuMachine &, const NpuChip &chip) {
  return {{"NPU Temperature (C)", number(chip.temperature)}};
}

Lines health(const NpuMachine &, const NpuChip &) {
  return {{"Health Status", "OK"}, {"Error Code", "NA"}, {"Error Information", "NA"}};
}

Lines power(const NpuMachine &machine, const NpuChip &) {
  if (hasHbm(machine)) return {{"NPU Real-time Power(W)", "102.8"}};
  return {{"Power Dissipation(W)", machine.table == NpuTable::Old ? "12.8" : "15.8"}};
}

Lines errors(const NpuMachine &, const NpuChip &) {
  Lines lines;
  for (const char *kind : {"DDR", "HBM"})
    for (const char *what : {"Single Bit Error Count", "Double Bit Error Count",
                             "Single Bit Aggregate Total Err Cnt", "Double Bit Aggregate Total Err Cnt",
                             "Single Bit Isolated Pages Count", "Double Bit Isolated Pages Count"})
      lines.emplace_back(std::string(kind) + " " + what, "0");
  return lines;
}

struct Detail {
  const char *type;
  Lines (*lines)(const NpuMachine &, const NpuChip &);
  int width;
};
constexpr Detail details[] = {{"usages", usages, keyWidth},    {"memory", memory, keyWidth},
                              {"temp", temperature, keyWidth}, {"health", health, keyWidth},
                              {"power", power, keyWidth},      {"ecc", errors, wideKeyWidth}};

void append(const Lines &more, Lines *lines) {
  lines->insert(lines->end(), more.begin(), more.end());
}

std::string columns(const std::vector<std::string> &cells) {
  std::string row = "\t";
  for (const std::string &cell : cells) row += format("%-30s ", cell.c_str());
  row.back() = '\n';
  return row;
}

}  // namespace

std::string npuMapping(const NpuMachine &machine) {
  const bool physical = machine.table == NpuTable::Dies || machine.table == NpuTable::MergedDies;
  const auto row = [&](const std::string &npu, const std::string &chip, const std::string &logic,
                       const std::string &name) {
    std::vector<std::string> cells = {npu, chip, logic};
    if (physical) cells.push_back(logic == "Chip Logic ID" ? "Chip Phy-ID" : logic);
    cells.push_back(name);
    return columns(cells);
  };
  std::string text = row("NPU ID", "Chip ID", "Chip Logic ID", "Chip Name");
  for (const NpuCard &card : machine.cards) {
    for (const NpuChip &chip : card.chips)
      text += row(number(card.npuId), number(chip.chipId), number(chip.device), machine.fullName);
    // The card's own controller.
    text += row(number(card.npuId), number(static_cast<int64_t>(card.chips.size())), "-", "Mcu");
  }
  return text;
}

std::string npuList(const NpuMachine &machine) {
  Lines lines = {{"Total Count", number(static_cast<int64_t>(machine.cards.size()))}};
  for (const NpuCard &card : machine.cards)
    append({{"", ""},
            {"NPU ID", number(card.npuId)},
            {"Chip Count", number(static_cast<int64_t>(card.chips.size()))}},
           &lines);
  return keyed(lines, keyWidth);
}

bool isNpuDetail(const std::string &type) {
  for (const Detail &detail : details)
    if (type == detail.type) return true;
  return type == "board";
}

std::string npuDetail(const NpuMachine &machine, const std::string &type, const NpuCard &card,
                      const NpuChip *chip) {
  if (type == "board")
    return keyed(chip == nullptr ? boardOfCard(machine, card) : boardOfChip(machine, card, *chip), keyWidth);
  for (const Detail &detail : details) {
    if (type != detail.type) continue;
    // Of one chip, its health alone; of a card, each chip with its id at the end.
    if (chip != nullptr && type == "health") return keyed(health(machine, *chip), keyWidth);
    Lines lines = {{"NPU ID", number(card.npuId)}};
    if (chip != nullptr) {
      lines.emplace_back("Chip ID", number(chip->chipId));
      append(detail.lines(machine, *chip), &lines);
      return keyed(lines, detail.width);
    }
    lines.emplace_back("Chip Count", number(static_cast<int64_t>(card.chips.size())));
    // Cards of the 310 family measure their power as a whole.
    if (type == "power" && !hasHbm(machine)) {
      append(power(machine, card.chips[0]), &lines);
      return keyed(lines, detail.width);
    }
    for (const NpuChip &each : card.chips) {
      lines.emplace_back("", "");
      append(detail.lines(machine, each), &lines);
      lines.emplace_back("Chip ID", number(each.chipId));
    }
    return keyed(lines, detail.width);
  }
  return "";
}

}  // namespace sim
