// Drives what the add-on is made of below JavaScript, on the simulator: one case a process, as with the
// client programs of the simulator.
#include "cases.h"
#include "runtime.h"

int main(int count, char **arguments) {
  ascend::PrepareEnvironment();
  return runCases(count, arguments);
}
