// The simulator's atc.
#include <stdio.h>
#include <unistd.h>

#include <exception>

#include "atc_log.h"
#include "atc_modes.h"
#include "atc_options.h"
#include "text.h"

namespace {

constexpr int failed = 255;

sim::LogLevel logLevel(const std::string &name) {
  if (name == "debug") return sim::LogLevel::Debug;
  if (name == "info") return sim::LogLevel::Info;
  if (name == "warning") return sim::LogLevel::Warning;
  return name == "error" ? sim::LogLevel::Error : sim::LogLevel::Off;
}

void printFailure(const sim::AtcFailure &failure) {
  sim::writeAtcLog(sim::LogLevel::Error, failure.code + ": " + failure.text);
  printf("ATC run failed, Please check the detail log, Try 'atc --help' for more information\n");
  printf("%s: [PID: %d] %s %s\n", failure.code.c_str(), static_cast<int>(getpid()),
         sim::cannTimestamp().c_str(), failure.text.c_str());
  if (!failure.solution.empty()) printf("        Solution: %s\n", failure.solution.c_str());
}

int run(const std::vector<std::string> &arguments) {
  printf("ATC start working now, please wait for a moment.\n");
  fflush(stdout);
  try {
    const sim::AtcOptions options(arguments);
    if (options.helpWanted()) {
      fputs(sim::atcHelp().c_str(), stdout);
      return 0;
    }
    const std::string command = "atc " + sim::join(arguments, " ");
    sim::openAtcLog(logLevel(options.value("log", "null")));
    sim::writeAtcLog(sim::LogLevel::Info, command);
    sim::runAtc(options, command);
    sim::writeAtcLog(sim::LogLevel::Info, "ATC run success");
    printf("...\nATC run success, welcome to the next use.\n\n");
    return 0;
  } catch (const sim::CommandLineFailure &failure) {
    fprintf(stderr, "%s\n", failure.text.c_str());
    printf("ATC run failed, Please check the detail log, Try 'atc --help' for more information\n");
  } catch (const sim::AtcFailure &failure) {
    printFailure(failure);
  } catch (const std::exception &failure) {
    printFailure({"E19999", std::string("Something unforeseen: ") + failure.what(), ""});
  }
  return failed;
}

}  // namespace

int main(int count, char **values) {
  return run(std::vector<std::string>(values + 1, values + count));
}
