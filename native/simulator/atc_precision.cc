#include "atc_precision.h"

#include <vector>

#include "om_file.h"
#include "settings.h"
#include "text.h"

namespace sim {

namespace {

/** Lines of names, and of `OpType::` with a type after it. */
void readKeptNodes(const std::string &path, WeightRounding *rounding) {
  std::vector<uint8_t> bytes;
  const OmProblem problem = readFile(path, &bytes, largestText);
  if (problem.code != 0)
    throw AtcFailure{"E10410", format("--keep_dtype=%s cannot be read.", path.c_str()),
                     "Name a text file that is there."};
  const std::string mark = "OpType::";
  for (const std::string &line : split(std::string(bytes.begin(), bytes.end()), '\n')) {
    const std::string name = trim(line);
    if (name.compare(0, mark.size(), mark) == 0)
      rounding->keptTypes.insert(name.substr(mark.size()));
    else if (!name.empty())
      rounding->keptNodes.insert(name);
  }
}

}  // namespace

std::string precisionName(const AtcOptions &options) {
  if (settings().keepOriginalPrecision) return "origin";
  return options.value("precision_mode_v2", options.value("precision_mode", "force_fp16"));
}

WeightRounding weightRounding(const AtcOptions &options) {
  const std::string mode = precisionName(options);
  WeightRounding rounding;
  if (mode == "origin" || mode == "must_keep_origin_dtype") rounding.type = WeightType::Origin;
  if (mode == "force_fp32" || mode == "cube_fp16in_fp32out") rounding.scope = WeightScope::Cube;
  if (mode == "allow_mix_precision_bf16" || mode == "allow_fp32_to_bf16" || mode == "mixed_bfloat16")
    rounding.type = WeightType::Bfloat16;
  rounding.clips = options.value("is_weight_clip", "1") == "1";
  if (options.has("keep_dtype")) readKeptNodes(options.value("keep_dtype"), &rounding);
  return rounding;
}

}  // namespace sim
