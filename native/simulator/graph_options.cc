#include "graph_options.h"

#include <map>

#include "text.h"

namespace sim {

namespace {

struct Translation {
  const char *key;
  const char *atc;
};

/** Those a model depends on, and those the simulator's atc refuses: it says so itself. */
constexpr Translation translations[] = {{"ge.socVersion", "soc_version"},
                                        {"ge.inputShape", "input_shape"},
                                        {"ge.dynamicBatchSize", "dynamic_batch_size"},
                                        {"ge.dynamicImageSize", "dynamic_image_size"},
                                        {"ge.dynamicDims", "dynamic_dims"},
                                        {"ge.exec.precision_mode", "precision_mode"},
                                        {"ge.exec.precision_mode_v2", "precision_mode_v2"},
                                        {"ge.exec.modify_mixlist", "modify_mixlist"},
                                        {"ge.customizeDtypes", "customize_dtypes"},
                                        {"ge.externalWeight", "external_weight"},
                                        {"ge.outputDatatype", "output_type"},
                                        {"ge.outputNodeName", "out_nodes"},
                                        {"ge.INPUT_NODES_SET_FP16", "input_fp16_nodes"},
                                        {"ge.insertOpFile", "insert_op_conf"},
                                        {"ge.compressionOptimizeConf", "compression_optimize_conf"}};

/** Keys of the parser and of the build that atc's command line does not have. */
constexpr const char *withoutEffect[] = {"input_data_names", "op_debug_config", "op_debug_option", "output"};

std::string atcName(const std::string &key) {
  for (const Translation &translation : translations)
    if (key == translation.key) return translation.atc;
  for (const char *name : withoutEffect)
    if (key == name) return "";
  // All others of these tune, log or cache.
  return key.compare(0, 3, "ge.") == 0 ? "" : key;
}

std::map<std::string, std::string> merge(const GraphOptions &options) {
  std::map<std::string, std::string> merged;
  for (const ge::Options *each : {&options.global, &options.parser, &options.build})
    for (const auto &entry : *each) merged[entry.first.GetString()] = entry.second.GetString();
  return merged;
}

}  // namespace

AtcOptions asAtcOptions(const GraphOptions &options) {
  // The paths are atc's only; no message can show them.
  std::vector<std::string> arguments = {"--framework=5", "--model=graph", "--output=graph"};
  for (const auto &entry : merge(options)) {
    const std::string name = atcName(entry.first);
    if (!name.empty() && !entry.second.empty()) arguments.push_back("--" + name + "=" + entry.second);
  }
  AtcOptions translated(arguments);
  translated.check();
  return translated;
}

std::string commandOf(const GraphOptions &options) {
  std::vector<std::string> parts = {"aclgrphBuildModel"};
  for (const auto &entry : merge(options)) parts.push_back(entry.first + "=" + entry.second);
  return join(parts, " ");
}

}  // namespace sim
