// Leaks on purpose, to see that leaks are found: as a program, or as a library that Node loads.
#include <cstdlib>

namespace {

constexpr int kBlocks = 64;

__attribute__((noinline)) void Forget() {
  // More than one: an address may stay behind in a register, where it counts as kept.
  for (int i = 0; i < kBlocks; ++i) {
    void *volatile block = std::malloc(1234);
    block = nullptr;
  }
}

__attribute__((constructor)) void Begin() {
  Forget();
}

}  // namespace

#if !defined(__PIC__) || defined(__PIE__)
int main() {
  return 0;
}
#endif
