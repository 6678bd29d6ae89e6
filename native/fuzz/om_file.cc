// The container of an .om: reading what may be anything, and writing again what was read.
#include "../simulator/om_file.h"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  sim::OmFile file;
  if (sim::readOm(bytes, size, &file).code != 0) return 0;
  const std::string written = sim::writeOm(file);
  sim::OmFile again;
  if (sim::readOm(reinterpret_cast<const uint8_t *>(written.data()), written.size(), &again).code != 0)
    abort();
  if (again.graph != file.graph) abort();
  return 0;
}
