// The simulator's npu-smi: what it says of the simulated devices.
#include <stdio.h>

#include <string>
#include <vector>

#include "npu_smi_cards.h"
#include "npu_smi_text.h"
#include "text.h"

namespace {

// npu-smi ends with its error code, of which a shell sees the lowest byte.
constexpr int wrongParameter = -9001;
constexpr int wrongCommand = -9005;
constexpr int noSuchDevice = -9007;
constexpr int noDriver = -8020;

constexpr char usage[] =
    "Usage: npu-smi <info|-h|-v>\n"
    "       npu-smi info                              the table of all NPUs\n"
    "       npu-smi info -l                           the cards\n"
    "       npu-smi info -m                           NPU ids, chip ids and device ids\n"
    "       npu-smi info -t <type> -i <npu> [-c <chip>]\n"
    "Types: board, usages, power, temp, memory, health, ecc\n";

struct Request {
  bool list = false;
  bool map = false;
  bool help = false;
  std::string type;
  std::string npu;
  std::string chip;
};

/** Empty, or what is wrong. */
std::string parse(const std::vector<std::string> &arguments, Request *request) {
  for (size_t i = 1; i < arguments.size(); ++i) {
    const std::string &argument = arguments[i];
    std::string *value = nullptr;
    if (argument == "-t") value = &request->type;
    if (argument == "-i") value = &request->npu;
    if (argument == "-c") value = &request->chip;
    if (argument == "-l") request->list = true;
    if (argument == "-m") request->map = true;
    if (argument == "-h" || argument == "--help") request->help = true;
    const bool known = argument == "-l" || argument == "-m" || argument == "-h" || argument == "--help";
    if (value == nullptr && !known) return "Command or option is not found.";
    if (value == nullptr) continue;
    if (i + 1 >= arguments.size()) return "Must input parameter of " + argument + ".";
    *value = arguments[++i];
  }
  if (!request->type.empty() && !sim::isNpuDetail(request->type)) return "Error parameter of -t.";
  if (!request->type.empty() && request->npu.empty()) return "Must input parameter of card id.";
  return "";
}

int printDetail(const sim::NpuMachine &machine, const Request &request) {
  int64_t npu = -1;
  int64_t chip = -1;
  const bool numbers = sim::parseInteger(request.npu, &npu) &&
                       (request.chip.empty() || (sim::parseInteger(request.chip, &chip) && chip >= 0));
  if (!numbers) {
    printf("Error parameter of %s.\n", npu < 0 ? "-i" : "-c");
    return wrongParameter;
  }
  for (const sim::NpuCard &card : machine.cards) {
    if (card.npuId != npu) continue;
    if (chip >= static_cast<int64_t>(card.chips.size())) break;
    const sim::NpuChip *one = chip < 0 ? nullptr : &card.chips[static_cast<size_t>(chip)];
    fputs(sim::npuDetail(machine, request.type, card, one).c_str(), stdout);
    return 0;
  }
  printf("This device does not exist: NPU ID %s%s%s. The ids are those of \"npu-smi info -l\".\n",
         request.npu.c_str(), request.chip.empty() ? "" : ", Chip ID ", request.chip.c_str());
  return noSuchDevice;
}

int run(const std::vector<std::string> &arguments) {
  if (arguments.empty()) {
    fputs(usage, stdout);
    return wrongParameter;
  }
  if (arguments[0] == "-h" || arguments[0] == "--help") {
    fputs(usage, stdout);
    return 0;
  }
  const sim::NpuMachine machine = sim::readNpuMachine();
  if (arguments[0] == "-v") {
    printf("npu-smi version: %s\n", machine.driver.c_str());
    return 0;
  }
  if (arguments[0] != "info") {
    printf("Command or option is not found.\n%s", usage);
    return wrongCommand;
  }
  if (!machine.mistake.empty()) {
    fprintf(stderr, "%s\n", machine.mistake.c_str());
    printf("dcmi module initialize failed. ret is %d\n", wrongParameter);
    return wrongParameter;
  }
  if (machine.cards.empty()) {
    printf("dcmi model initialized failed, because the device is used. ret is %d\n", noDriver);
    return noDriver;
  }
  Request request;
  const std::string wrong = parse(arguments, &request);
  if (!wrong.empty()) {
    printf("%s\n%s", wrong.c_str(), usage);
    return wrongParameter;
  }
  if (!request.type.empty()) return printDetail(machine, request);
  std::string text = usage;
  if (!request.help) text = request.list ? sim::npuList(machine) : sim::npuInfoTable(machine);
  if (!request.help && request.map) text = sim::npuMapping(machine);
  fputs(text.c_str(), stdout);
  return 0;
}

}  // namespace

int main(int count, char **values) {
  return run(std::vector<std::string>(values + 1, values + count));
}
