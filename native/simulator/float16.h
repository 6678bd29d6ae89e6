// IEEE 754 half precision in integer arithmetic: round to nearest, ties to even.
#ifndef SIMULATOR_FLOAT16_H_
#define SIMULATOR_FLOAT16_H_

#include <cstdint>
#include <cstring>

namespace sim {

inline uint16_t floatToHalf(float value) {
  uint32_t bits = 0;
  memcpy(&bits, &value, sizeof bits);
  const auto sign = static_cast<uint16_t>(bits >> 16 & 0x8000);
  const uint32_t magnitude = bits & 0x7FFFFFFF;
  if (magnitude > 0x7F800000) return static_cast<uint16_t>(sign | 0x7E00);   // NaN
  if (magnitude >= 0x477FF000) return static_cast<uint16_t>(sign | 0x7C00);  // rounds to 65536 or more
  if (magnitude < 0x33000001) return sign;                                   // rounds to zero
  uint32_t exponent = magnitude >> 23;
  uint32_t mantissa = (magnitude & 0x7FFFFF) | 0x800000;
  // Bits to drop: 13 for a normal result, more when the result is subnormal.
  const uint32_t drop = exponent >= 113 ? 13 : 126 - exponent;
  const uint32_t half = 1U << (drop - 1);
  const uint32_t rest = mantissa & ((1U << drop) - 1);
  mantissa >>= drop;
  if (rest > half || (rest == half && (mantissa & 1) != 0)) ++mantissa;
  // The leading one of `mantissa` adds one to the exponent field of a normal result, and a carry does the
  // right thing.
  const uint32_t field = exponent >= 113 ? (exponent - 113) << 10 : 0;
  return static_cast<uint16_t>(sign | (field + mantissa));
}

inline float halfToFloat(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000) << 16;
  uint32_t exponent = half >> 10 & 0x1F;
  uint32_t mantissa = half & 0x3FF;
  uint32_t bits = 0;
  if (exponent == 0x1F) {
    bits = sign | 0x7F800000 | mantissa << 13;
  } else if (exponent != 0) {
    bits = sign | (exponent + 112) << 23 | mantissa << 13;
  } else if (mantissa != 0) {
    exponent = 113;
    while ((mantissa & 0x400) == 0) {
      mantissa <<= 1;
      --exponent;
    }
    bits = sign | exponent << 23 | (mantissa & 0x3FF) << 13;
  } else {
    bits = sign;
  }
  float value = 0;
  memcpy(&value, &bits, sizeof value);
  return value;
}

}  // namespace sim

#endif  // SIMULATOR_FLOAT16_H_
