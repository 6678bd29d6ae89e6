// The table of `npu-smi info`, by generation. Widths are those of the vendor's: programs cut it into columns.
#include "npu_smi_text.h"
#include "text.h"

namespace sim {

namespace {

struct Layout {
  /** Of the three cells, without the bars. */
  int first, second, third;
  std::vector<std::string> headers;
};

constexpr char idle[] = "0";

Layout layoutOf(NpuTable table) {
  switch (table) {
    case NpuTable::Old:
      return {19,
              17,
              40,
              {"| NPU     Name      | Health          | Power(W)          Temp(C)              |",
               "| Chip    Device    | Bus-Id          | AICore(%)         Memory-Usage(MB)     |"}};
    case NpuTable::Inference:
      return {31,
              17,
              54,
              {"| NPU     Name                  | Health          | Power(W)     Temp(C)           "
               "Hugepages-Usage(page) |",
               "| Chip    Device                | Bus-Id          | AICore(%)    Memory-Usage(MB)            "
               "            |"}};
    default: {
      const std::string chip =
          table != NpuTable::Dies ? "| Chip                      " : "| Chip  Phy-ID              ";
      return {27,
              15,
              52,
              {"| NPU   Name                | Health        | Power(W)    Temp(C)           "
               "Hugepages-Usage(page)|",
               chip + "| Bus-Id        | AICore(%)   Memory-Usage(MB)  HBM-Usage(MB)        |"}};
    }
  }
}

std::string rule(const Layout &layout, char line, bool crossed) {
  const auto run = [&](int width) { return std::string(static_cast<size_t>(width), line); };
  const std::string cross(1, crossed ? '+' : line);
  return "+" + run(layout.first) + cross + run(layout.second) + cross + run(layout.third) + "+\n";
}

std::string wideRow(const Layout &layout, const std::string &text) {
  return format("| %-*s |\n", layout.first + layout.second + layout.third, text.c_str());
}

std::string npuRow(const NpuMachine &machine, const NpuCard &card, const NpuChip &chip) {
  const char *name = machine.name.c_str();
  switch (machine.table) {
    case NpuTable::Old:
      return format("| %-7d %-9s | %-15s | %-17s %-20d |\n", card.npuId, name, "OK", "12.8",
                    chip.temperature);
    case NpuTable::Inference:
      return format("| %-7d %-21s | %-15s | %-12s %-17d %-5d / %-13d |\n", card.npuId, name, "OK",
                    card.chips.size() > 1 ? "NA" : "15.8", chip.temperature, 0, 0);
    default:
      return format("| %-5d %-19s | %-13s | %-11s %-17d %-5d/ %-13d |\n", card.npuId, name, "OK",
                    chip.chipId == 0 ? "102.8" : "-", chip.temperature, 0, 0);
  }
}

std::string chipRow(const NpuMachine &machine, const NpuChip &chip) {
  const auto used = static_cast<long long>(machine.usedMegabytes);
  const auto total = static_cast<long long>(machine.memoryMegabytes);
  const std::string memory = format("%lld / %lld", used, total);
  switch (machine.table) {
    case NpuTable::Old:
      return format("| %-7d %-9d | %-15s | %-17s %-20s |\n", chip.chipId, chip.device, chip.busId.c_str(),
                    idle, memory.c_str());
    case NpuTable::Inference:
      return format("| %-7d %-21d | %-15s | %-12s %-39s |\n", chip.chipId, chip.device, chip.busId.c_str(),
                    idle, memory.c_str());
    default: {
      const std::string id = machine.table != NpuTable::Dies ? format("%-25d", chip.chipId)
                                                             : format("%-5d %-19d", chip.chipId, chip.device);
      return format("| %s | %-13s | %-11s %-5d/ %-10d %-5lld/ %-13lld |\n", id.c_str(), chip.busId.c_str(),
                    idle, 0, 0, used, total);
    }
  }
}

std::string cardRows(const NpuMachine &machine, const Layout &layout, const NpuCard &card) {
  std::string text;
  for (const NpuChip &chip : card.chips) {
    const bool merged = machine.table == NpuTable::MergedDies;
    if (chip.chipId > 0 && !merged) text += rule(layout, '-', machine.table != NpuTable::Dies);
    if (chip.chipId == 0 || !merged) text += npuRow(machine, card, chip);
    text += chipRow(machine, chip);
  }
  return text + rule(layout, '=', true);
}

std::string processTable(const NpuMachine &machine, const Layout &layout) {
  std::string text = rule(layout, '-', true);
  text += machine.table == NpuTable::Inference ? "| NPU     Chip                  | Process id      | "
                                                 "Process name             | Process memory(MB)  "
                                                 "      |\n"
                                               : "| NPU     Chip              | Process id    | Process name "
                                                 "            | Process memory(MB)      |\n";
  text += rule(layout, '=', true);
  for (const NpuCard &card : machine.cards)
    text +=
        wideRow(layout, format("No running processes found in NPU %d", card.npuId)) + rule(layout, '=', true);
  return text;
}

}  // namespace

std::string npuInfoTable(const NpuMachine &machine) {
  const Layout layout = layoutOf(machine.table);
  const int title = machine.table == NpuTable::Inference ? 40 : 24;
  std::string text = rule(layout, '-', false);
  text += wideRow(layout,
                  format("npu-smi %-*s Version: %s", title, machine.driver.c_str(), machine.driver.c_str()));
  text += rule(layout, '-', true);
  for (const std::string &header : layout.headers) text += header + "\n";
  text += rule(layout, '=', true);
  for (const NpuCard &card : machine.cards) text += cardRows(machine, layout, card);
  // Drivers before 23 do not list processes.
  if (machine.table != NpuTable::Old && machine.driver >= "23") text += processTable(machine, layout);
  return text;
}

}  // namespace sim
