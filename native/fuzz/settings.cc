// ACL_SIM_FAULTS and ACL_SIM_EXEC_US, and what happens at the calls they name.
#include "../simulator/settings.h"

#include <string>
#include <vector>

#include "../simulator/faults.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  const std::string text(reinterpret_cast<const char *>(bytes), size);
  sim::ExecutionTime time;
  sim::parseExecutionTime(text, &time);
  std::vector<std::string> mistakes;
  sim::Faults faults(text, &mistakes);
  for (const std::string &call : faults.calls()) faults.next(call.c_str());
  return 0;
}
