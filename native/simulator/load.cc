// What happens when the library is loaded.
#include "missing_symbols.h"
#include "signals.h"

namespace {

__attribute__((constructor)) void loaded() {
  sim::hideMissingSymbols();
  sim::installSignalHandlers();
}

}  // namespace
