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
  /** Given, and not empty: an empty value is as good as none. */
  bool has(const std::string &name) const { return !value(name).empty(); }
  /** The value, or atc's default. */
  std::string value(const std::string &name, const std::string &otherwise = "") const;

  /** Checks what can be checked without the model, of a compilation (modes 0 and 3). @throws AtcFailure */
  void check() const;
  /** Checks --model, and --output whose folders it makes. @throws AtcFailure */
  void checkPaths() const;

 private:
  std::map<std::string, std::string> values_;
  bool helpWanted_ = false;
};

/** @throws AtcFailure when the path has other characters than atc takes, or is not there */
void requireInputFile(const std::string &option, const std::string &path);
/** Makes the folder of a file that will be written. @throws AtcFailure */
void requireOutputPath(const std::string &option, const std::string &path);

std::string atcHelp();

}  // namespace sim

#endif  // SIMULATOR_ATC_OPTIONS_H_
