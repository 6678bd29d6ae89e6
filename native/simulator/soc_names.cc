#include "soc_names.h"

#include <cctype>

#include "text.h"

namespace sim {

namespace {

constexpr const char *known[] = {
    "Ascend031",     "Ascend035",        "Ascend035A",    "Ascend035B",  "Ascend310",     "Ascend310B1",
    "Ascend310B2",   "Ascend310B3",      "Ascend310B4",   "Ascend310P1", "Ascend310P3",   "Ascend310P5",
    "Ascend310P7",   "Ascend610",        "Ascend610Lite", "Ascend910A",  "Ascend910B",    "Ascend910B1",
    "Ascend910B2",   "Ascend910B2C",     "Ascend910B3",   "Ascend910B4", "Ascend910B4-1", "Ascend910ProA",
    "Ascend910ProB", "Ascend910PremiumA"};

struct Hint {
  const char *name;
  const char *text;
};
constexpr Hint hints[] = {
    {"Ascend310P", "it is a family of chips; npu-smi info shows which one it is, such as 310P3"},
    {"310P", "it is a family of chips; npu-smi info shows which one it is, such as 310P3"},
    {"Ascend310B", "it is a family of chips; npu-smi info shows which one it is, such as 310B4"},
    {"Ascend910", "it is a family of chips; npu-smi info shows which one it is, such as 910B3"},
    {"Ascend710", "it is the name that the Ascend310P family had before CANN 6.0"}};

/** `count` digits, at the end. */
bool endsInDigits(const std::string &name, size_t start, size_t count) {
  if (name.size() != start + count) return false;
  for (size_t i = start; i < name.size(); ++i)
    if (std::isdigit(static_cast<unsigned char>(name[i])) == 0) return false;
  return true;
}

bool startsWith(const std::string &text, const std::string &start) {
  return text.compare(0, start.size(), start) == 0;
}

/** The part of a chip that a virtual NPU is: Ascend310P3Vir01 and so on. */
std::string withoutSlice(const std::string &name) {
  for (const char *slice : {"Vir01", "Vir02", "Vir04", "Vir08", "Vir16"}) {
    const std::string end = slice;
    if (name.size() > end.size() && name.compare(name.size() - end.size(), end.size(), end) == 0)
      return name.substr(0, name.size() - end.size());
  }
  return name;
}

}  // namespace

bool isKnownSoc(const std::string &name) {
  const std::string whole = withoutSlice(name);
  for (const char *each : known)
    if (whole == each) return true;
  // Chips of several dies carry the NPU's number.
  for (const char *each : {"Ascend910_93", "Ascend950PR_95", "Ascend950DT_95"}) {
    const std::string start = each;
    if (startsWith(name, start) && endsInDigits(name, start.size(), 2)) return true;
  }
  return false;
}

std::string explainUnknownSoc(const std::string &name) {
  for (const Hint &hint : hints)
    if (name == hint.name) return hint.text;
  if (isKnownSoc("Ascend" + name)) return "it is written as Ascend" + name;
  return "no such chip is known";
}

}  // namespace sim
