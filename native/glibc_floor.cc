// Two things that a current g++ expects of the system and that Kylin V10 and openEuler 20.03 (glibc 2.28,
// GLIBCXX 3.4.24) do not have yet. With copies of our own, seen by nobody else, the add-on can be loaded
// there.
#include <new>

// Of glibc 2.32: std::shared_ptr leaves out atomic operations while it is set. There are always several
// threads here.
extern "C" {
__attribute__((visibility("hidden"))) char __libc_single_threaded = 0;
}

namespace std {
// Of GLIBCXX 3.4.29: what `new T[n]` calls when n is too large.
__attribute__((visibility("hidden"), noreturn)) void __throw_bad_array_new_length() {
  throw bad_array_new_length();
}
}  // namespace std
