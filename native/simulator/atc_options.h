// atc's command line.
#ifndef SIMULATOR_ATC_OPTIONS_H_
#define SIMULATOR_ATC_OPTIONS_H_

#include <map>
#include <string>
#include <vector>

namespace sim {

/** Ends the conversion: printed as CANN prints coded errors. */
struct AtcFailure {
  std::string code;
  std::string text;
  std::string solution;
};

/** A command line that is not understood at all: printed on stderr, without a code. */
struct CommandLineFailure {
  std::string text;
};

class AtcOptions {
 public:
  /** @throws CommandLineFailure for flags atc does not have and for words that belong to none */
  explicit AtcOptions(const std::vector<std::string> &arguments);

  bool helpWanted() const { return helpWanted_; }
  bool has(const std::string &name) const { return values_.count(name) != 0; }
  /** The value, or atc's default. */
  std::string value(const std::string &name, const std::string &otherwise = "") const;

  /** Checks what can be checked without the model. @throws AtcFailure */
  void check() const;

 private:
  std::map<std::string, std::string> values_;
  bool helpWanted_ = false;
};

std::string atcHelp();

}  // namespace sim

#endif  // SIMULATOR_ATC_OPTIONS_H_
