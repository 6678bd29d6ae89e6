// Weights of an ONNX model: fetched from files beside it, and rounded to what the chip computes with.
#ifndef SIMULATOR_ONNX_WEIGHTS_H_
#define SIMULATOR_ONNX_WEIGHTS_H_

#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace sim {

enum class WeightType { Origin, Half, Bfloat16 };
/** Cube: only the operands of convolutions and matrix products. */
enum class WeightScope { All, Cube };

struct WeightRounding {
  WeightType type = WeightType::Half;
  WeightScope scope = WeightScope::All;
  /** What half precision cannot hold becomes its largest number instead of infinity. */
  bool clips = true;
  /** Nodes whose weights stay, by name; and by type. */
  std::set<std::string> keptNodes;
  std::set<std::string> keptTypes;
};

struct RoundedWeights {
  /** Bytes the weights have on the device. */
  uint64_t bytes = 0;
  uint64_t changed = 0;
};

/** Rounds float32 weights in place, to the nearest, ties to even; their storage stays float32. */
RoundedWeights roundWeights(std::vector<uint8_t> *model, const WeightRounding &rounding);

/**
 * Puts weights that lie in files into the model. The files are looked for in `folder` and nowhere above it.
 * Empty, or why that is not possible; nothing is allocated that the files do not hold.
 */
std::string embedWeights(const std::string &folder, std::vector<uint8_t> *model);

}  // namespace sim

#endif  // SIMULATOR_ONNX_WEIGHTS_H_
