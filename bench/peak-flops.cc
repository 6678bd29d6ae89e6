// The float32 peak of one core: multiply-adds on registers alone, as wide as the processor has them. For each
// line on standard input answers with the best of many short bursts: GFLOP a second of processor time, and
// the kind of vectors.
#include <time.h>

#include <algorithm>
#include <cstdio>

namespace {

constexpr int bursts = 25;
constexpr long rounds = 100'000;
// At least latency times units of a core (4 × 2 on x86, 4 × 4 on Neoverse V1), and fewer than there are
// registers.
#if defined(__x86_64__)
constexpr int chains = 12;
#else
constexpr int chains = 24;
#endif

volatile float result;

double processorSeconds() {
  timespec now = {};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// A macro, because a function without the instruction set cannot be inlined into one that has it. Without
// fast-math rules the compiler may neither merge rounds nor leave any out, as long as the sums are used.
#define BURST(name, bytes, instructions)                                                       \
  instructions double name(float multiplier, float addend) {                                   \
    using Vector = float __attribute__((vector_size(bytes)));                                  \
    const Vector by = Vector{} + multiplier, plus = Vector{} + addend;                         \
    Vector sums[chains];                                                                       \
    _Pragma("GCC unroll 32") for (int i = 0; i < chains; ++i) sums[i] = plus + float(i);       \
    const double start = processorSeconds();                                                   \
    for (long round = 0; round < rounds; ++round) {                                            \
      _Pragma("GCC unroll 32") for (int i = 0; i < chains; ++i) sums[i] = sums[i] * by + plus; \
    }                                                                                          \
    _Pragma("GCC unroll 32") for (int i = 1; i < chains; ++i) sums[0] += sums[i];              \
    result = sums[0][0];                                                                       \
    const double seconds = processorSeconds() - start;                                         \
    return 2.0 * chains * (bytes / sizeof(float)) * rounds / seconds / 1e9;                    \
  }

#if defined(__x86_64__)
BURST(burst512, 64, __attribute__((target("avx512f"))));
BURST(burst256, 32, __attribute__((target("avx2,fma"))));
#endif
BURST(burst128, 16, );

struct Kind {
  const char *name;
  double (*burst)(float, float);
};

Kind widest() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return {"AVX-512", burst512};
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return {"AVX2", burst256};
#endif
  return {"128-bit vectors", burst128};
}

}  // namespace

int main() {
  const Kind kind = widest();
  for (int asked = std::getchar(); asked != EOF; asked = std::getchar()) {
    if (asked != '\n') continue;
    double best = 0;
    // The sums stay near 1: a processor may be slow with denormals and infinities.
    for (int count = 0; count < bursts; ++count) best = std::max(best, kind.burst(0.5F, 0.5F));
    std::printf("%.2f %s\n", best, kind.name);
    std::fflush(stdout);
  }
}
