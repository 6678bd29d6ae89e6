// The simulator's atc.
#include <stdio.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <exception>

#include "atc_compile.h"
#include "atc_options.h"
#include "text.h"

namespace {

constexpr int argumentsWrong = 255;

std::string timestamp() {
  timeval now{};
  gettimeofday(&now, nullptr);
  tm parts{};
  localtime_r(&now.tv_sec, &parts);
  char text[64];
  strftime(text, sizeof text, "%Y-%m-%d-%H:%M:%S", &parts);
  return sim::format("%s.%03d.%03d", text, static_cast<int>(now.tv_usec / 1000),
                     static_cast<int>(now.tv_usec % 1000));
}

void printFailure(const sim::AtcFailure &failure) {
  printf("ATC run failed, Please check the detail log, Try 'atc --help' for more information\n");
  printf("%s: [PID: %d] %s %s\n", failure.code.c_str(), static_cast<int>(getpid()), timestamp().c_str(),
         failure.text.c_str());
  if (!failure.solution.empty()) printf("        Solution: %s\n", failure.solution.c_str());
}

int run(const std::vector<std::string> &arguments) {
  try {
    const sim::AtcOptions options(arguments);
    if (options.helpWanted()) {
      fputs(sim::atcHelp().c_str(), stdout);
      return 0;
    }
    printf("ATC start working now, please wait for a moment.\n");
    fflush(stdout);
    options.check();
    sim::compileModel(options, "atc " + sim::join(arguments, " "));
    printf("...\nATC run success, welcome to the next use.\n\n");
    return 0;
  } catch (const sim::CommandLineFailure &failure) {
    fprintf(stderr, "%s\n", failure.text.c_str());
  } catch (const sim::AtcFailure &failure) {
    printFailure(failure);
  } catch (const std::exception &failure) {
    printFailure({"E19999", std::string("Inner Error! ") + failure.what(), ""});
  }
  return argumentsWrong;
}

}  // namespace

int main(int count, char **values) {
  return run(std::vector<std::string>(values + 1, values + count));
}
