// Two things that g++ 12 would otherwise ask a newer system for. Copies of our own keep the library loadable.
#include <new>

extern "C" {
// std::shared_ptr reads this flag of glibc 2.32 to leave out atomic operations while there is one thread: it
// says "several", always.
__attribute__((visibility("hidden"))) char __libc_single_threaded = 0;
}

namespace std {
// Called by containers asked for more elements than memory has; in libstdc++ from GLIBCXX_3.4.29 on.
__attribute__((visibility("hidden"), noreturn)) void __throw_bad_array_new_length() {
  throw std::bad_alloc();
}
}  // namespace std
