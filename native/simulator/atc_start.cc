// A program linked on glibc 2.34 or newer asks for that version of __libc_start_main and nothing else of it.
// This copy stands between the start code and the function's first version, which every glibc has; that one
// expects the program to bring the loop over its own initializers.
#include "glibc_floor.h"

#if defined(SIM_FIRST_VERSION) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

extern "C" {

using Main = int (*)(int, char **, char **);
using Initializer = void (*)(int, char **, char **);

extern Initializer __init_array_start[] __attribute__((visibility("hidden")));
extern Initializer __init_array_end[] __attribute__((visibility("hidden")));

int firstStartMain(Main main, int count, char **values, Initializer initialize, void (*finish)(),
                   void (*finishLoader)(), void *stackEnd);
__asm__(".symver firstStartMain,__libc_start_main@" SIM_FIRST_VERSION);

static void initialize(int count, char **values, char **environment) {
  for (Initializer *each = __init_array_start; each != __init_array_end; ++each)
    (*each)(count, values, environment);
}

__attribute__((visibility("hidden"))) int __libc_start_main(Main main, int count, char **values, Initializer,
                                                            void (*)(), void (*finishLoader)(),
                                                            void *stackEnd) {
  return firstStartMain(main, count, values, initialize, nullptr, finishLoader, stackEnd);
}

}  // extern "C"

#endif
