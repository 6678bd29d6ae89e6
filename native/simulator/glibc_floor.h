// Ascend hosts run glibc 2.28 (Kylin V10, openEuler 20.03). glibc 2.34 gave functions that moved into
// libc.so.6 new versions, and a library linked on a newer system asks for those; naming the first version
// instead asks for what every glibc has. Every source file that calls one of these includes this header.
#ifndef SIMULATOR_GLIBC_FLOOR_H_
#define SIMULATOR_GLIBC_FLOOR_H_

// Says whether this is glibc.
#include <cstddef>

#if defined(__GLIBC__) && defined(__x86_64__)
#define SIM_FIRST_VERSION "GLIBC_2.2.5"
#define SIM_CONDATTR_VERSION "GLIBC_2.3.3"
#elif defined(__GLIBC__) && defined(__aarch64__)
#define SIM_FIRST_VERSION "GLIBC_2.17"
#define SIM_CONDATTR_VERSION "GLIBC_2.17"
#endif

// The sanitizers replace these functions by name and would miss a pinned version.
#if defined(SIM_FIRST_VERSION) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define SIM_PIN(name, version) __asm__(".symver " #name "," #name "@" version)
SIM_PIN(dlopen, SIM_FIRST_VERSION);
SIM_PIN(dlsym, SIM_FIRST_VERSION);
SIM_PIN(dlclose, SIM_FIRST_VERSION);
SIM_PIN(dlerror, SIM_FIRST_VERSION);
SIM_PIN(dladdr, SIM_FIRST_VERSION);
SIM_PIN(pthread_create, SIM_FIRST_VERSION);
SIM_PIN(pthread_join, SIM_FIRST_VERSION);
SIM_PIN(pthread_detach, SIM_FIRST_VERSION);
SIM_PIN(pthread_key_create, SIM_FIRST_VERSION);
SIM_PIN(pthread_setspecific, SIM_FIRST_VERSION);
SIM_PIN(pthread_sigmask, SIM_FIRST_VERSION);
SIM_PIN(pthread_condattr_setclock, SIM_CONDATTR_VERSION);
SIM_PIN(exp, SIM_FIRST_VERSION);
SIM_PIN(log, SIM_FIRST_VERSION);
#undef SIM_PIN
#endif

#endif  // SIMULATOR_GLIBC_FLOOR_H_
