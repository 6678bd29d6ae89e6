// The options atc has, and what can be said of their values without a model.
#ifndef SIMULATOR_ATC_OPTION_TABLE_H_
#define SIMULATOR_ATC_OPTION_TABLE_H_

#include <string>
#include <vector>

namespace sim {

enum class ValueRule {
  Any,
  /** A number already when the command line is parsed; then one of the values. */
  Number,
  /** One of the values. */
  Listed,
  ZeroOrOne,
  TrueOrFalse,
  /** A file that is there. */
  InputFile,
  /** A path that need not be there. */
  OutputPath,
};

struct AtcOption {
  const char *name;
  ValueRule rule = ValueRule::Any;
  std::vector<std::string> values = {};
  /** It changes a model in ways the simulator does not follow; saying yes to it would be a lie. */
  bool isRefused = false;
};

/** In alphabetical order. */
const std::vector<AtcOption> &atcOptionTable();

/** The option of this name, or the only one that begins so, as getopt_long has it; null when there is none.
 */
const AtcOption *findAtcOption(const std::string &given);

}  // namespace sim

#endif  // SIMULATOR_ATC_OPTION_TABLE_H_
