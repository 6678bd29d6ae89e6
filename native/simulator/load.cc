// What happens when the library is loaded, and when the process ends.
#include "missing_symbols.h"
#include "process.h"
#include "signals.h"

namespace {

__attribute__((constructor)) void loaded() {
  sim::hideMissingSymbols();
  sim::installSignalHandlers();
}

// After static destructors, in which programs release what they hold.
__attribute__((destructor)) void ended() {
  sim::process().exit();
}

}  // namespace
