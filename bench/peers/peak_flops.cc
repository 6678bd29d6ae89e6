// What one core can do in float32: multiply-adds on registers, nothing else. It works for a fifth of a second of
// processor time, at its start and for every line it reads, and prints 10^9 operations a second and the instructions.
#include <time.h>

#include <cstdio>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

namespace {

// Latency times issue rate is 8 to 10 on the cores there are; more chains than that must not leave the registers.
constexpr int chains = 12;
constexpr long steps = 20000;
constexpr double secondsPerRound = 0.2;

double processorSeconds() {
  timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

struct Kernel {
  const char *name;
  int lanes;
  float (*work)();
};

// Sums tend to factor / (1 - factor): no overflow, and no denormals, which would be slow.
constexpr float factor = 0.5f;

#if defined(__x86_64__)
__attribute__((target("avx512f"))) float withAvx512() {
  __m512 sums[chains];
  for (auto &sum : sums) sum = _mm512_set1_ps(1.0f);
  const __m512 by = _mm512_set1_ps(factor);
  for (long step = 0; step < steps; ++step)
#pragma GCC unroll 12
    for (int chain = 0; chain < chains; ++chain) sums[chain] = _mm512_fmadd_ps(sums[chain], by, by);
  float total = 0;
  for (const auto &sum : sums) total += _mm512_cvtss_f32(sum);
  return total;
}

__attribute__((target("avx2,fma"))) float withAvx2() {
  __m256 sums[chains];
  for (auto &sum : sums) sum = _mm256_set1_ps(1.0f);
  const __m256 by = _mm256_set1_ps(factor);
  for (long step = 0; step < steps; ++step)
#pragma GCC unroll 12
    for (int chain = 0; chain < chains; ++chain) sums[chain] = _mm256_fmadd_ps(sums[chain], by, by);
  float total = 0;
  for (const auto &sum : sums) total += _mm256_cvtss_f32(sum);
  return total;
}

bool choose(Kernel *kernel) {
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f")) {
    *kernel = {"AVX-512", 16, withAvx512};
    return true;
  }
  *kernel = {"AVX2", 8, withAvx2};
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
#elif defined(__aarch64__)
float withNeon() {
  float32x4_t sums[chains];
  for (auto &sum : sums) sum = vdupq_n_f32(1.0f);
  const float32x4_t by = vdupq_n_f32(factor);
  for (long step = 0; step < steps; ++step)
#pragma GCC unroll 12
    for (int chain = 0; chain < chains; ++chain) sums[chain] = vfmaq_f32(by, sums[chain], by);
  float total = 0;
  for (const auto &sum : sums) total += vgetq_lane_f32(sum, 0);
  return total;
}

bool choose(Kernel *kernel) {
  *kernel = {"NEON", 4, withNeon};
  return true;
}
#else
bool choose(Kernel *) { return false; }
#endif

}  // namespace

int main() {
  Kernel kernel = {nullptr, 0, nullptr};
  if (!choose(&kernel)) {
    std::fprintf(stderr, "peak_flops: no AVX-512, AVX2 or NEON here\n");
    return 1;
  }
  volatile float keep = 0;
  int letter = '\n';
  do {
    if (letter != '\n') continue;
    long calls = 0;
    double elapsed = 0;
    const double start = processorSeconds();
    while (elapsed < secondsPerRound) {
      for (int repeat = 0; repeat < 20; ++repeat, ++calls) keep = kernel.work();
      elapsed = processorSeconds() - start;
    }
    const double operations = 2.0 * chains * kernel.lanes * static_cast<double>(steps) * static_cast<double>(calls);
    std::printf("{\"gigaflops\":%.3f,\"instructions\":\"%s\"}\n", 1e-9 * operations / elapsed, kernel.name);
    std::fflush(stdout);
  } while ((letter = std::getchar()) != EOF);
  return keep < 0 ? 1 : 0;
}
